namespace Emulator.Actors.Hosts;

/// <summary>The DMA of one device so far.</summary>
/// <param name="Device">The device's name.</param>
/// <param name="Dmas">DMAs that the silicon answered.</param>
/// <param name="Completed">Those that reached memory.</param>
/// <param name="Aborted">Those that were refused.</param>
/// <param name="Stalled">Those that the silicon held.</param>
/// <param name="Stale">Those that were sent under an older epoch than they were answered under.</param>
public sealed record DeviceStatistics(string Device, long Dmas, long Completed, long Aborted, long Stalled, long Stale);
