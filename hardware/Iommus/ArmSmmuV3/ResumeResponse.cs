namespace Emulator.Hardware.Iommus.ArmSmmuV3;

/// <summary>Operand Ac/Ab of CMD_RESUME, DW0 13:12.</summary>
public enum ResumeResponse : byte
{
    /// <summary>The request ends as the CD's A bit says: aborted, or read as zero and write ignored.</summary>
    Terminate = 0,

    /// <summary>The request is translated again.</summary>
    Retry = 1,

    /// <summary>The request is aborted.</summary>
    Abort = 2,
}
