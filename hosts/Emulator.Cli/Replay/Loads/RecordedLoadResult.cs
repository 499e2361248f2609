namespace Emulator.Cli.Replay.Loads;

/// <summary>What playing a trace's calls came to, beside what was recorded.</summary>
public sealed record RecordedLoadResult
{
    /// <summary>What the traced kernel did.</summary>
    public required RecordedCounts Recorded { get; init; }

    /// <summary>What ours did.</summary>
    public required RecordedCounts Played { get; init; }

    /// <summary>Mapping calls that were played.</summary>
    public long Maps { get; init; }

    /// <summary>Mapping calls that failed, whatever they did when recorded.</summary>
    public long FailedMaps { get; init; }

    /// <summary>Mapping calls that gave the recorded address.</summary>
    public long EqualAddresses { get; init; }

    /// <summary>Bytes mapped, as they were asked for.</summary>
    public ulong Bytes { get; init; }

    /// <summary>Addresses that a cache served.</summary>
    public long CacheAllocations { get; init; }

    /// <summary>Driver steps on the emulated bus.</summary>
    public long Steps { get; init; }

    /// <summary>The most entries that a flush queue held.</summary>
    public int QueueHighWater { get; init; }

    /// <summary>The longest time that an unmapped range stayed reachable, in picoseconds; 0 in strict mode.</summary>
    public long LongestExposurePs { get; init; }

    /// <summary>The sum of these times over all ranges.</summary>
    public long TotalExposurePs { get; init; }

    /// <summary>The first mapping that gave another address, in words; null when all are equal.</summary>
    public string? FirstDifference { get; init; }

    /// <summary>Whether maps, unmaps and invalidations are as many as recorded. Only of a load that is played in the mode of its recording.</summary>
    public bool CountsAreEqual => Recorded == Played;
}
