namespace Emulator.Cli.Replay.DmaLogs;

/// <summary>What a line of a DMA log says.</summary>
public enum DmaLogEntryKind
{
    /// <summary>Nothing that a replay needs.</summary>
    Other,

    /// <summary>A request was translated.</summary>
    Translated,

    /// <summary>A request passed a stream that is configured to bypass.</summary>
    Bypassed,

    /// <summary>A request was refused.</summary>
    Refused,

    /// <summary>A range of a domain's translations was invalidated.</summary>
    InvalidateRange,

    /// <summary>All translations of a domain were invalidated.</summary>
    InvalidateDomain,

    /// <summary>What is cached about a stream was invalidated.</summary>
    InvalidateStream,
}
