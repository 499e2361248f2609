namespace Emulator.Hardware.Iommus.AppleDart;

/// <summary>What the DART does with the DMA of a stream, by its TCR and enable bit.</summary>
public enum StreamRouting : byte
{
    /// <summary>Refused: neither translated nor bypassed, or the stream is disabled.</summary>
    Refused = 0,

    /// <summary>Translated through the TLB and the tables.</summary>
    Translated,

    /// <summary>Passed through.</summary>
    Bypassed,

    /// <summary>Refused: translate and bypass together, or bypass on a DART without it.</summary>
    Contradictory,
}
