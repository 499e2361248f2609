using Emulator.Telemetry;

namespace Emulator.Actors.Timing;

/// <summary>What a device did in virtual time.</summary>
/// <param name="Device">Its name.</param>
/// <param name="Dmas">DMAs that it sent.</param>
/// <param name="Bytes">Bytes of those that were completed.</param>
/// <param name="Elapsed">From the beginning of the workloads until its last DMA was done, in picoseconds.</param>
/// <param name="Latencies">How long the DMAs took that were completed.</param>
public sealed record TimedDeviceReport(string Device, long Dmas, long Bytes, long Elapsed, LatencyHistogram Latencies)
{
    /// <summary>What its program did; null for a device without one.</summary>
    public ProgramReport? Program { get; init; }

    /// <summary>Why its program could not go on; null when it did.</summary>
    public string? Problem { get; init; }
}
