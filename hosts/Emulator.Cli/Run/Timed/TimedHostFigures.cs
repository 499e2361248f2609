using Emulator.Actors.Timing;

namespace Emulator.Cli.Run.Timed;

/// <summary>What one host did in virtual time.</summary>
/// <param name="ElapsedNanoseconds">From the beginning of its workloads until the last DMA was done.</param>
/// <param name="DmaPerSecond">DMAs per second.</param>
/// <param name="BytesPerSecond">Bytes of completed DMAs per second.</param>
/// <param name="MissRate">The part of IOTLB lookups that found no entry, 0 to 1.</param>
/// <param name="WalkerWaitNanoseconds">The sum of the times that table walks waited for a walker.</param>
/// <param name="Invalidations">Invalidations that devices' drivers submitted.</param>
/// <param name="InvalidationNanoseconds">The sum of their times, waits included.</param>
/// <param name="QueueWaitNanoseconds">The sum of the times that they waited for each other.</param>
/// <param name="Latency">How long DMAs took, from issue until done; of all devices.</param>
/// <param name="Program">What the programs of all devices did; null for devices without.</param>
/// <param name="Devices">Each device.</param>
public sealed record TimedHostFigures(
    double ElapsedNanoseconds,
    double DmaPerSecond,
    double BytesPerSecond,
    double MissRate,
    double WalkerWaitNanoseconds,
    long Invalidations,
    double InvalidationNanoseconds,
    double QueueWaitNanoseconds,
    LatencyFigures Latency,
    ProgramFigures? Program,
    IReadOnlyList<TimedDeviceFigures> Devices)
{
    /// <summary>Those of a host; null for one without virtual time, or whose workload was not ended.</summary>
    public static TimedHostFigures? Of(HostResult host)
    {
        ArgumentNullException.ThrowIfNull(host);
        if (host.Timed is not { } timed)
            return null;
        var statistics = host.Statistics;
        return new TimedHostFigures(
            VirtualFigures.Nanoseconds(timed.Elapsed),
            VirtualFigures.PerSecond(timed.Devices.Sum(device => device.Dmas), timed.Elapsed),
            VirtualFigures.PerSecond(timed.Devices.Sum(device => device.Bytes), timed.Elapsed),
            VirtualFigures.Ratio(statistics.IotlbMisses, statistics.IotlbHits + statistics.IotlbMisses),
            VirtualFigures.Nanoseconds(timed.WalkerWait),
            timed.Invalidations,
            VirtualFigures.Nanoseconds(timed.InvalidationTime),
            VirtualFigures.Nanoseconds(timed.QueueWait),
            LatencyFigures.Of(LatencyFigures.Merge(timed.Devices.Select(device => device.Latencies))),
            ProgramFigures.Of([.. timed.Devices.Select(device => device.Program).OfType<ProgramReport>()]),
            [.. timed.Devices.Select(TimedDeviceFigures.Of)]);
    }
}
