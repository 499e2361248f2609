using Emulator.Actors.Hosts;
using Emulator.Hardware.DmaApi;

namespace Emulator.Cli.Run.Timed;

/// <summary>A host among those that run the same program on the same hardware in different DMA modes: what its mode costs in virtual time.</summary>
/// <param name="Group">The number of these hosts' group, from 1.</param>
/// <param name="Iommu">Their kind of IOMMU.</param>
/// <param name="Kind">The kind of program.</param>
/// <param name="Host">The host.</param>
/// <param name="Dma">Its DMA mode.</param>
/// <param name="Baseline">The group's first host in mode <c>passthrough</c>, to which the ratios are; null when there is none, as are they.</param>
/// <param name="OperationsPerSecond">Operations per second.</param>
/// <param name="BytesPerSecond">Their payload per second.</param>
/// <param name="ThroughputRatio">Payload per second by that of the baseline.</param>
/// <param name="LatencyP50">What half of the operations did not exceed, in nanoseconds.</param>
/// <param name="LatencyP99">What 99 % of them did not exceed.</param>
/// <param name="LatencyP50Ratio">The former by that of the baseline.</param>
/// <param name="LatencyP99Ratio">The latter by that of the baseline.</param>
/// <param name="MapNanoseconds">Map calls, per operation.</param>
/// <param name="UnmapNanoseconds">Unmap calls, per operation.</param>
/// <param name="InvalidationNanoseconds">Invalidations, waits included, per operation.</param>
/// <param name="QueueWaitNanoseconds">What of that was waiting for other invalidations, per operation.</param>
/// <param name="WalkerWaitNanoseconds">Waits of table walks for a walker, per operation.</param>
/// <param name="LongestExposureNanoseconds">The longest time that the device could reach something unmapped.</param>
/// <param name="MostExposedDmas">The most DMAs that a device sent from an unmap until the flush that covers it.</param>
/// <param name="ExposedDmas">DMAs sent while something unmapped could be reached.</param>
public sealed record DmaModeComparison(
    int Group,
    string Iommu,
    string Kind,
    string Host,
    string Dma,
    string? Baseline,
    double OperationsPerSecond,
    double BytesPerSecond,
    double? ThroughputRatio,
    long LatencyP50,
    long LatencyP99,
    double? LatencyP50Ratio,
    double? LatencyP99Ratio,
    double MapNanoseconds,
    double UnmapNanoseconds,
    double InvalidationNanoseconds,
    double QueueWaitNanoseconds,
    double WalkerWaitNanoseconds,
    double LongestExposureNanoseconds,
    long MostExposedDmas,
    long ExposedDmas)
{
    /// <summary>A row for each host of each group; hosts of a group differ in name, seed and DMA mode only.</summary>
    public static IReadOnlyList<DmaModeComparison> Of(RunResult result)
    {
        ArgumentNullException.ThrowIfNull(result);
        return
        [
            .. result.Hosts
                .Select(host => (Result: host, Figures: TimedHostFigures.Of(host)))
                .Where(host => host.Figures?.Program != null)
                .GroupBy(host => Sameness(host.Result.Specification), StringComparer.Ordinal)
                .Where(group => group.DistinctBy(host => host.Figures!.Program!.Dma).Skip(1).Any())
                .SelectMany((group, index) =>
                {
                    var passing = group.FirstOrDefault(host => host.Result.Specification.Workload.DmaMode == DmaMode.PassThrough);
                    return group.Select(host => Of(index + 1, host.Result, host.Figures!, passing.Result?.Specification.Name, passing.Figures?.Program));
                }),
        ];
    }

    private static DmaModeComparison Of(int group, HostResult host, TimedHostFigures figures, string? baseline, ProgramFigures? passing)
    {
        var program = figures.Program!;
        return new DmaModeComparison(
            group,
            host.Specification.Room.Name,
            program.Kind,
            host.Specification.Name,
            program.Dma,
            baseline,
            program.OperationsPerSecond,
            program.BytesPerSecond,
            RatioTo(passing?.BytesPerSecond, program.BytesPerSecond),
            program.Latency.P50,
            program.Latency.P99,
            RatioTo(passing?.Latency.P50, program.Latency.P50),
            RatioTo(passing?.Latency.P99, program.Latency.P99),
            program.PerOperation(program.MapNanoseconds),
            program.PerOperation(program.UnmapNanoseconds),
            program.PerOperation(program.InvalidationNanoseconds),
            program.PerOperation(figures.QueueWaitNanoseconds),
            program.PerOperation(figures.WalkerWaitNanoseconds),
            program.LongestExposureNanoseconds,
            program.MostExposedDmas,
            program.ExposedDmas);
    }

    private static double? RatioTo(double? baseline, double figure) => baseline > 0 ? VirtualFigures.Ratio(figure, baseline.Value) : null;

    // What has to be equal for DMA modes to be what differs. All devices of a host from a scenario file do the same.
    private static string Sameness(HostSpecification host) =>
        ScenarioWriter.WriteWithoutName(new ScenarioHost(host with { Workload = host.Workload with { DmaMode = DmaMode.Strict } }, 0));
}
