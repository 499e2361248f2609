namespace Emulator.Hardware.Registers;

/// <summary>What software may do with a register.</summary>
public enum RegisterAccess
{
    /// <summary>Reads return what was written.</summary>
    ReadWrite,

    /// <summary>Writes are ignored.</summary>
    ReadOnly,

    /// <summary>Reads return zero; a write acts and is not kept.</summary>
    WriteOnly,

    /// <summary>Writing a one clears the bit.</summary>
    WriteOneToClear,

    /// <summary>Writing a one sets the bit.</summary>
    WriteOneToSet,
}
