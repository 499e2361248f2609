namespace Emulator.Hardware.Iommus.ArmSmmuV3;

/// <summary>IDR0.STALL_MODEL: what faults can do with a request.</summary>
public enum StallModel : byte
{
    /// <summary>Stall or terminate, as the CD says.</summary>
    StallAndTerminate = 0,

    /// <summary>Terminate only.</summary>
    TerminateOnly = 1,

    /// <summary>Stall only.</summary>
    StallForced = 2,
}
