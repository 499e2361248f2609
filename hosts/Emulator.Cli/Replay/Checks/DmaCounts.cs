namespace Emulator.Cli.Replay.Checks;

/// <summary>What became of the requests of a DMA log. A translated request is exactly one of matched, stale, mismatched, unattributed, violation.</summary>
public sealed class DmaCounts
{
    /// <summary>Requests that the log tells to have been translated.</summary>
    public long Dmas { get; set; }

    /// <summary>The silicon lands them at the same address at some moment of their window.</summary>
    public long Matched { get; set; }

    /// <summary>Among <see cref="Matched"/>, those of a device that was attached to a domain that passes addresses through.</summary>
    public long Identity { get; set; }

    /// <summary>Only a cached translation, unmapped and not yet invalidated, explains where they landed.</summary>
    public long Stale { get; set; }

    /// <summary>The silicon lands them elsewhere.</summary>
    public long Mismatched { get; set; }

    /// <summary>They cannot be attributed: their stream is no device of the trace, they lie after the trace's end, or the trace does not tell which
    /// domain its maps go to.</summary>
    public long Unattributed { get; set; }

    /// <summary>They landed where their device's domain maps nothing in the whole window.</summary>
    public long Violations { get; set; }

    /// <summary>Requests that the log tells to have been refused.</summary>
    public long Refused { get; set; }

    /// <summary>Among <see cref="Refused"/>, those that the silicon refuses too.</summary>
    public long RefusedAlike { get; set; }

    /// <summary>Among <see cref="Refused"/>, those that the silicon passes, but the trace does not tell which protection or domain its maps have.</summary>
    public long RefusedUnattributed { get; set; }

    /// <summary>Requests that the log tells to have passed a stream in bypass.</summary>
    public long Bypassed { get; set; }

    /// <summary>Among <see cref="Bypassed"/>, those that the silicon passes too.</summary>
    public long BypassedAlike { get; set; }

    /// <summary>Among <see cref="Bypassed"/>, those that the silicon does not pass, but the trace does not tell enough of their device or its domain.</summary>
    public long BypassedUnattributed { get; set; }

    /// <summary>Whether nothing contradicts the log.</summary>
    public bool Held => Mismatched == 0 && Violations == 0 && Refused == RefusedAlike + RefusedUnattributed && Bypassed == BypassedAlike + BypassedUnattributed;
}
