using System.Globalization;
using BenchmarkDotNet.Columns;
using BenchmarkDotNet.Reports;
using BenchmarkDotNet.Running;

namespace Emulator.Benchmarks;

/// <summary>Beside our figures the recorded ones of the kernel's code: <see cref="LinuxFigures"/>.</summary>
/// <param name="ratio">Our best iteration divided by the kernel's figure; otherwise the figure itself, in nanoseconds.</param>
public sealed class LinuxColumn(bool ratio) : IColumn
{
    /// <inheritdoc/>
    public string Id => $"{nameof(LinuxColumn)}.{ColumnName}";

    /// <inheritdoc/>
    public string ColumnName => ratio ? "of Linux" : "Linux";

    /// <inheritdoc/>
    public bool AlwaysShow => true;

    /// <inheritdoc/>
    public ColumnCategory Category => ColumnCategory.Custom;

    /// <inheritdoc/>
    public int PriorityInCategory => ratio ? 1 : 0;

    /// <inheritdoc/>
    public bool IsNumeric => true;

    /// <inheritdoc/>
    public UnitType UnitType => UnitType.Dimensionless;

    /// <inheritdoc/>
    public string Legend => ratio ? "Min / Linux" : "The kernel's own code, best run, recorded beforehand [ns]";

    /// <inheritdoc/>
    public bool IsDefault(Summary summary, BenchmarkCase benchmarkCase) => false;

    /// <inheritdoc/>
    public bool IsAvailable(Summary summary) => summary.BenchmarksCases.Any(benchmark => LinuxFigures.Of(benchmark) != null);

    /// <inheritdoc/>
    public string GetValue(Summary summary, BenchmarkCase benchmarkCase)
    {
        var (linux, ours) = (LinuxFigures.Of(benchmarkCase), summary[benchmarkCase]?.ResultStatistics?.Min);
        return (ratio ? ours / linux : linux)?.ToString("0.00", CultureInfo.InvariantCulture) ?? "";
    }

    /// <inheritdoc/>
    public string GetValue(Summary summary, BenchmarkCase benchmarkCase, SummaryStyle style) => GetValue(summary, benchmarkCase);
}
