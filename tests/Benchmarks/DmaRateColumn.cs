using System.Globalization;
using BenchmarkDotNet.Columns;
using BenchmarkDotNet.Reports;
using BenchmarkDotNet.Running;

namespace Emulator.Benchmarks;

/// <summary>Two columns of benchmarks whose operation is a DMA: the rate, and the bytes allocated, which <c>Allocated</c> rounds to zero for one.</summary>
internal sealed class DmaRateColumn : IColumn
{
    private readonly Func<BenchmarkReport, double> _figure;

    private DmaRateColumn(string name, string legend, Func<BenchmarkReport, double> figure)
    {
        (ColumnName, Legend) = (name, legend);
        _figure = figure;
    }

    /// <summary>Million DMAs in a second.</summary>
    public static IColumn Rate { get; } = new DmaRateColumn("M DMA/s", "Million DMAs in a second", report => 1000 / report.ResultStatistics!.Mean);

    /// <summary>Bytes allocated for a million DMAs.</summary>
    public static IColumn Allocated { get; } = new DmaRateColumn(
        "B/M DMA", "Bytes allocated for a million DMAs: what it takes to begin a run and to wait for its end, nothing for each DMA", report => 1e6 * (report.GcStats.GetTotalAllocatedBytes(excludeAllocationQuantumSideEffects: true) ?? 0) / report.GcStats.TotalOperations);

    public string Id => ColumnName;

    public string ColumnName { get; }

    public string Legend { get; }

    public bool AlwaysShow => false;

    public ColumnCategory Category => ColumnCategory.Custom;

    public int PriorityInCategory => 0;

    public bool IsNumeric => true;

    public UnitType UnitType => UnitType.Dimensionless;

    public bool IsDefault(Summary summary, BenchmarkCase benchmarkCase) => false;

    public bool IsAvailable(Summary summary) => summary.BenchmarksCases.Any(IsDma);

    public string GetValue(Summary summary, BenchmarkCase benchmarkCase) =>
        IsDma(benchmarkCase) && summary[benchmarkCase] is { ResultStatistics: not null } report ? _figure(report).ToString("N1", CultureInfo.InvariantCulture) : "-";

    public string GetValue(Summary summary, BenchmarkCase benchmarkCase, SummaryStyle style) => GetValue(summary, benchmarkCase);

    public override string ToString() => ColumnName;

    private static bool IsDma(BenchmarkCase benchmark) => benchmark.Descriptor.Categories.Contains("dma", StringComparer.Ordinal);
}
