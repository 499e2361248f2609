namespace Emulator.Hardware.Iommus.ArmSmmuV3;

/// <summary>CMDQ_CONS.ERR: why the command queue stopped.</summary>
public enum CommandError : byte
{
    /// <summary>CERROR_NONE.</summary>
    None = 0,

    /// <summary>CERROR_ILL: the command at CONS is illegal.</summary>
    Illegal = 1,

    /// <summary>CERROR_ABT: reading the command was aborted.</summary>
    Abort = 2,

    /// <summary>CERROR_ATC_INV_SYNC: an ATC invalidation timed out; seen by the CMD_SYNC that waited for it.</summary>
    AtcTimeout = 3,
}
