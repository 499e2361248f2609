namespace Emulator.Actors.Timing;

/// <summary>What a host did in virtual time, from the beginning of its workloads to their end. Times are picoseconds.</summary>
/// <param name="Host">The host's name.</param>
/// <param name="Elapsed">From the beginning until the last DMA was done.</param>
/// <param name="WalkerWait">The sum of the times that table walks waited for a walker.</param>
/// <param name="Invalidations">Invalidations that devices' drivers submitted.</param>
/// <param name="InvalidationTime">The sum of their times, waits included.</param>
/// <param name="QueueWait">The sum of the times that they waited for each other.</param>
/// <param name="Devices">Each device.</param>
public sealed record TimedReport(
    string Host, long Elapsed, long WalkerWait, long Invalidations, long InvalidationTime, long QueueWait, IReadOnlyList<TimedDeviceReport> Devices);
