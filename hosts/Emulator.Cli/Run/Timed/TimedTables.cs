using Emulator.Actors.Devices;
using static Emulator.Cli.Run.RunText;

namespace Emulator.Cli.Run.Timed;

/// <summary>The tables of what was done in virtual time.</summary>
internal static class TimedTables
{
    /// <summary>Rates and latencies, what mapping memory cost, and DMA modes against each other; those that have rows.</summary>
    public static IEnumerable<ReportTable> Of(RunResult result)
    {
        var hosts = result.Hosts.Select(host => (Result: host, Figures: TimedHostFigures.Of(host)!)).Where(host => host.Figures != null).ToList();
        ReportTable[] tables =
        [
            new(
                "In virtual time: operations of the devices' programs, and their DMAs",
                3,
                [
                    "host", "program", "DMA mode", "time", "operations/s", "dropped", "throughput", "operation p50", "p99",
                    "DMA/s", "DMA p50", "DMA p99", "DMA max", "miss rate",
                ],
                [.. hosts.Select(host => Rates(host.Result, host.Figures))]),
            new(
                "In virtual time: what the DMA API cost; per operation of a program, where nothing else is said",
                3,
                [
                    "host", "program", "DMA mode", "maps", "unmaps", "invalidations", "map", "unmap", "invalidation", "of it queue",
                    "exposed ranges", "longest exposed", "most DMAs", "as recorded",
                ],
                [.. hosts.Where(host => host.Figures.Program != null).Select(host => Mapping(host.Result, host.Figures, host.Figures.Program!))]),
            .. DmaModeComparison.Of(result).GroupBy(row => row.Group).Select(group => Comparison([.. group])),
        ];
        return tables.Where(table => table.Rows.Count > 0);
    }

    private static string[] Rates(HostResult host, TimedHostFigures figures)
    {
        var program = figures.Program;
        var pattern = host.Specification.Workload.Pattern == AccessPattern.Random ? "random" : "sequential";
        return
        [
            host.Specification.Name,
            program?.Kind ?? host.Specification.Workload.Program?.Kind ?? pattern,
            program?.Dma ?? "-",
            Time(figures.ElapsedNanoseconds),
            program == null ? "-" : Rate(program.OperationsPerSecond),
            program == null ? "-" : Count(program.Dropped),
            Throughput(program?.BytesPerSecond ?? figures.BytesPerSecond, program?.Kind ?? pattern),
            program == null ? "-" : Time(program.Latency.P50),
            program == null ? "-" : Time(program.Latency.P99),
            Rate(figures.DmaPerSecond),
            Time(figures.Latency.P50),
            Time(figures.Latency.P99),
            Time(figures.Latency.Max),
            Percent(figures.MissRate),
        ];
    }

    private static string[] Mapping(HostResult host, TimedHostFigures figures, ProgramFigures program) =>
    [
        host.Specification.Name,
        program.Kind,
        program.Dma,
        Count(program.Maps),
        Count(program.Unmaps),
        Count(figures.Invalidations),
        Time(program.PerOperation(program.MapNanoseconds)),
        Time(program.PerOperation(program.UnmapNanoseconds)),
        Time(program.PerOperation(program.InvalidationNanoseconds)),
        Time(program.PerOperation(figures.QueueWaitNanoseconds)),
        Count(program.Exposed),
        Time(program.LongestExposureNanoseconds),
        Count(program.MostExposedDmas),
        program.IsAsRecorded switch { true => "yes", false => "no", _ => "-" },
    ];

    private static ReportTable Comparison(IReadOnlyList<DmaModeComparison> group) => new(
        $"In virtual time: {group[0].Kind} on {group[0].Iommu} in different DMA modes; "
            + $"x: relative to {group[0].Baseline ?? "passthrough, which no host has"}; map to walker wait: per operation",
        2,
        [
            "host", "DMA mode", "throughput", "x", "operation p50", "x", "p99", "x", "map", "unmap", "invalidation", "of it queue", "walker wait",
            "longest exposed", "most DMAs",
        ],
        [.. group.Select(Comparison)]);

    private static string[] Comparison(DmaModeComparison row) =>
    [
        row.Host,
        row.Dma,
        Throughput(row.BytesPerSecond, row.Kind),
        Ratio(row.ThroughputRatio),
        Time(row.LatencyP50),
        Ratio(row.LatencyP50Ratio),
        Time(row.LatencyP99),
        Ratio(row.LatencyP99Ratio),
        Time(row.MapNanoseconds),
        Time(row.UnmapNanoseconds),
        Time(row.InvalidationNanoseconds),
        Time(row.QueueWaitNanoseconds),
        Time(row.WalkerWaitNanoseconds),
        Time(row.LongestExposureNanoseconds),
        Count(row.MostExposedDmas),
    ];
}
