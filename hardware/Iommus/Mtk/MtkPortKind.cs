namespace Emulator.Hardware.Iommus.Mtk;

/// <summary>Where it is decided whether a port's DMA goes through the M4U.</summary>
public enum MtkPortKind
{
    /// <summary>In a larb: one register with a bit for each port, written as a whole when the larb wakes.</summary>
    LarbMask,

    /// <summary>In a larb: a register for each port, to which bits are added when the larb wakes, never taken away.</summary>
    LarbPorts,

    /// <summary>In the peripheral configuration, at once.</summary>
    Peripheral,

    /// <summary>By secure firmware, which is given the larb's whole mask when the larb wakes; a register for each port holds the region.</summary>
    Firmware,

    /// <summary>By secure firmware, at once.</summary>
    InfrastructureFirmware,
}
