using Emulator.Cli.Replay.DmaLogs;

namespace Emulator.Cli.Replay.Alignment;

/// <summary>An invalidation as one side of a recording saw it: the means to align the two clocks.</summary>
/// <param name="Kind">One of the invalidation kinds.</param>
/// <param name="Time">When, in microseconds of that side's clock.</param>
/// <param name="Key">The first address, the domain or the stream.</param>
public readonly record struct InvalidationMark(DmaLogEntryKind Kind, long Time, ulong Key);
