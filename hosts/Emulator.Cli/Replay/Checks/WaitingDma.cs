using Emulator.Cli.Replay.DmaLogs;

namespace Emulator.Cli.Replay.Checks;

/// <summary>A request that the silicon has not answered as the log yet; it is tried again until its window ends.</summary>
/// <param name="Entry">The request.</param>
/// <param name="Line">Its line in the log.</param>
/// <param name="Last">End of its window.</param>
public record struct WaitingDma(DmaLogEntry Entry, int Line, long Last)
{
    /// <summary>It was answered alike from a cached translation that no table backs any more.</summary>
    public bool Stale { get; set; }

    /// <summary>Where the silicon landed it when not where the log says; null when it was refused each time.</summary>
    public ulong? Elsewhere { get; set; }
}
