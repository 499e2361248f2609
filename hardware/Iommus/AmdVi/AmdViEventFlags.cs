namespace Emulator.Hardware.Iommus.AmdVi;

/// <summary>Flags of an event log entry, bits 59:48 of its first word.</summary>
[Flags]
public enum AmdViEventFlags
{
    /// <summary>None.</summary>
    None = 0,

    /// <summary>GN: the entry names a PASID.</summary>
    Guest = 1 << 0,

    /// <summary>NX: an instruction fetch.</summary>
    NoExecute = 1 << 1,

    /// <summary>US: a user request.</summary>
    User = 1 << 2,

    /// <summary>I: an interrupt request.</summary>
    Interrupt = 1 << 3,

    /// <summary>PR: the page is present.</summary>
    Present = 1 << 4,

    /// <summary>RW: a write.</summary>
    Write = 1 << 5,

    /// <summary>PE: a permission is missing.</summary>
    Permission = 1 << 6,

    /// <summary>RZ: a reserved bit is not zero.</summary>
    ReservedNotZero = 1 << 7,

    /// <summary>TR: a translation request.</summary>
    Translation = 1 << 8,
}
