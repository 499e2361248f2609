namespace Emulator.Cli.Run;

/// <summary>What a run did.</summary>
/// <param name="Scenario">The scenario.</param>
/// <param name="Hosts">Each host.</param>
/// <param name="WallClock">From the start of the workloads until the last answer, of the wall clock.</param>
/// <param name="Interrupted">Whether it was ended early.</param>
public sealed record RunResult(Scenario Scenario, IReadOnlyList<HostResult> Hosts, TimeSpan WallClock, bool Interrupted)
{
    /// <summary>Whether every host has virtual time: then nothing in the result but <see cref="WallClock"/> depends on the machine.</summary>
    public bool IsTimed => Hosts.All(host => host.Timed != null);

    /// <summary>From the start of the workloads until the last answer: of virtual time where all hosts have one, else of the wall clock.</summary>
    public TimeSpan Elapsed => IsTimed ? Hosts.Max(host => host.Elapsed) : WallClock;

    /// <summary>DMAs of all hosts.</summary>
    public long Dmas => Hosts.Sum(host => host.Statistics.Dmas);

    /// <summary>DMAs per second, by <see cref="Elapsed"/>.</summary>
    public double DmaPerSecond => Elapsed > TimeSpan.Zero ? Dmas / Elapsed.TotalSeconds : 0;

    /// <summary>The part of all IOTLB lookups that found an entry, 0 to 1.</summary>
    public double IotlbHitRate
    {
        get
        {
            var hits = Hosts.Sum(host => host.Statistics.IotlbHits);
            var lookups = hits + Hosts.Sum(host => host.Statistics.IotlbMisses);
            return lookups == 0 ? 0 : (double)hits / lookups;
        }
    }

    /// <summary>Changes of owner of all hosts.</summary>
    public long Reassignments => Hosts.Sum(host => host.Statistics.Reassignments);

    /// <summary>Those of them that were completed before the last answer of their host's workload.</summary>
    public int ReassignmentsUnderLoad => Hosts.Sum(host => host.ReassignmentsUnderLoad);

    /// <summary>Violations of all hosts.</summary>
    public long Violations => Hosts.Sum(host => host.Statistics.Violations);

    /// <summary>Whether every check held.</summary>
    public bool Held => Hosts.All(host => host.Held);
}
