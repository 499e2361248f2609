namespace Emulator.Hardware.Iommus;

/// <summary>What the mail of May 2022 expected a driver's detach to leave behind.</summary>
public enum Guess2022
{
    /// <summary>DMA is blocked.</summary>
    Blocking,

    /// <summary>DMA passes untranslated.</summary>
    Identity,

    /// <summary>The mail leaves it open.</summary>
    Undecided,
}
