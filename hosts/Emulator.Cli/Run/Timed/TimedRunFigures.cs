namespace Emulator.Cli.Run.Timed;

/// <summary>What all hosts with virtual time did in it, together: each has a time of its own, and all begin at once.</summary>
/// <param name="Hosts">Hosts with virtual time.</param>
/// <param name="ElapsedNanoseconds">The longest of their times.</param>
/// <param name="Dmas">DMAs that their devices sent.</param>
/// <param name="DmaPerSecond">DMAs per second of the longest time.</param>
/// <param name="Bytes">Bytes of completed DMAs.</param>
/// <param name="BytesPerSecond">Bytes per second of the longest time.</param>
/// <param name="MissRate">The part of IOTLB lookups that found no entry, 0 to 1.</param>
/// <param name="Latency">How long DMAs took, from issue until done; of all devices.</param>
public sealed record TimedRunFigures(
    int Hosts, double ElapsedNanoseconds, long Dmas, double DmaPerSecond, long Bytes, double BytesPerSecond, double MissRate, LatencyFigures Latency)
{
    /// <summary>Those of a run; null when no host has virtual time.</summary>
    public static TimedRunFigures? Of(RunResult result)
    {
        ArgumentNullException.ThrowIfNull(result);
        var hosts = result.Hosts.Where(host => host.Timed != null).ToList();
        if (hosts.Count == 0)
            return null;
        var devices = hosts.SelectMany(host => host.Timed!.Devices).ToList();
        var (elapsed, dmas, bytes) = (hosts.Max(host => host.Timed!.Elapsed), devices.Sum(device => device.Dmas), devices.Sum(device => device.Bytes));
        var misses = hosts.Sum(host => host.Statistics.IotlbMisses);
        return new TimedRunFigures(
            hosts.Count,
            VirtualFigures.Nanoseconds(elapsed),
            dmas,
            VirtualFigures.PerSecond(dmas, elapsed),
            bytes,
            VirtualFigures.PerSecond(bytes, elapsed),
            VirtualFigures.Ratio(misses, misses + hosts.Sum(host => host.Statistics.IotlbHits)),
            LatencyFigures.Of(LatencyFigures.Merge(devices.Select(device => device.Latencies))));
    }
}
