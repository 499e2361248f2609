namespace Emulator.Hardware.Iommus.ArmSmmuV3;

/// <summary>STE.Config. Bit 2 clear: abort, whatever the other two.</summary>
public enum StreamConfiguration : byte
{
    /// <summary>DMA is aborted, without an event.</summary>
    Abort = 0,

    /// <summary>DMA passes untranslated.</summary>
    Bypass = 4,

    /// <summary>Stage 1 translates.</summary>
    Stage1 = 5,

    /// <summary>Stage 2 translates.</summary>
    Stage2 = 6,

    /// <summary>Both: the output of stage 1 is the input of stage 2.</summary>
    Nested = 7,
}
