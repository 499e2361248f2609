namespace Emulator.Hardware.Iommus.FslPamu;

/// <summary>Why an access was refused: low half of AVS1. Source: Linux drivers/iommu/fsl_pamu.h, PAMU_AVS1_*.</summary>
[Flags]
public enum FslPamuViolation
{
    /// <summary>Nothing.</summary>
    None = 0,

    /// <summary>AV: there is a violation.</summary>
    Valid = 1 << 0,

    /// <summary>APV: the access permissions lack this direction.</summary>
    Permission = 1 << 3,

    /// <summary>WAV: the address is outside the window.</summary>
    Window = 1 << 7,

    /// <summary>LAV = 1: the LIODN is outside the table.</summary>
    Liodn = 1 << 10,

    /// <summary>GCV: the gate is closed.</summary>
    Gate = 1 << 13,

    /// <summary>PDV: the entry is disabled.</summary>
    Disabled = 1 << 14,
}
