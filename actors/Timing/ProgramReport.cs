using Emulator.Hardware.Devices;
using Emulator.Hardware.DmaApi;
using Emulator.Telemetry;

namespace Emulator.Actors.Timing;

/// <summary>What a device's program did, and what mapping its memory cost. Times are picoseconds of virtual time.</summary>
public sealed record ProgramReport
{
    /// <summary>The kind of program, as in scenario files.</summary>
    public required string Kind { get; init; }

    /// <summary>What one operation is.</summary>
    public required string Operation { get; init; }

    /// <summary>How mappings were undone.</summary>
    public required DmaMode Mode { get; init; }

    /// <summary>Operations done.</summary>
    public required long Operations { get; init; }

    /// <summary>Their payload in bytes.</summary>
    public required long Bytes { get; init; }

    /// <summary>Operations that came to nothing.</summary>
    public required long Dropped { get; init; }

    /// <summary>From the beginning of the workloads until the last operation was done.</summary>
    public required long Elapsed { get; init; }

    /// <summary>How long the operations took.</summary>
    public required LatencyHistogram Latencies { get; init; }

    /// <summary>Ranges mapped in the table (as frequent as the kernel's tracepoint iommu:map).</summary>
    public required long Maps { get; init; }

    /// <summary>Ranges unmapped in the table (as frequent as iommu:unmap).</summary>
    public required long Unmaps { get; init; }

    /// <summary>Invalidations that an unmap waited for.</summary>
    public required long Syncs { get; init; }

    /// <summary>Invalidations of the whole domain by the flush queue.</summary>
    public required long Flushes { get; init; }

    /// <summary>What the recorded kernel did, for all devices of the recording; null for what was not recorded.</summary>
    public ReplayCounts? Recorded { get; init; }

    /// <summary>The time of all map calls.</summary>
    public required long MapTime { get; init; }

    /// <summary>The time of all unmap calls, invalidations left out.</summary>
    public required long UnmapTime { get; init; }

    /// <summary>The time of all invalidations, waits for the queue included.</summary>
    public required long InvalidationTime { get; init; }

    /// <summary>Unmapped ranges that waited for a flush: that long the device could still reach them.</summary>
    public required long Exposed { get; init; }

    /// <summary>The longest time that a range waited.</summary>
    public required long LongestExposure { get; init; }

    /// <summary>The sum of these times.</summary>
    public required long TotalExposure { get; init; }

    /// <summary>The most DMAs that the device sent from an unmap until the flush that covers it.</summary>
    public required long MostExposedDmas { get; init; }

    /// <summary>DMAs that it sent while something unmapped could be reached.</summary>
    public required long ExposedDmas { get; init; }
}
