namespace Emulator.Cli.Replay.Checks;

/// <summary>How the silicon's answer to a request relates to the log.</summary>
public enum DmaAnswer
{
    /// <summary>It is the log's.</summary>
    Alike,

    /// <summary>It is the log's, but only a cached translation gives it.</summary>
    AlikeButStale,

    /// <summary>It is another.</summary>
    Other,
}
