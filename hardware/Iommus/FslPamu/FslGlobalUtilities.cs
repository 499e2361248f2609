namespace Emulator.Hardware.Iommus.FslPamu;

/// <summary>The part of the chip's global utilities that concerns PAMUs: which of them are bypassed. Shared by all of a chip.</summary>
public sealed class FslGlobalUtilities
{
    /// <summary>pamubypenr: bit 31 - n for PAMU n.</summary>
    public uint BypassEnable { get; set; } = 0xf800_0000;

    /// <summary>Whether a PAMU is bypassed.</summary>
    public bool IsBypassed(int pamu) => ((BypassEnable << pamu) & 0x8000_0000) != 0;
}
