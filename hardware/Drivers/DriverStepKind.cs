namespace Emulator.Hardware.Drivers;

/// <summary>What a <see cref="DriverStep"/> does.</summary>
public enum DriverStepKind
{
    /// <summary>Reads a register.</summary>
    ReadRegister,

    /// <summary>Writes a register.</summary>
    WriteRegister,

    /// <summary>Writes a word of memory that the silicon reads: an entry, a command.</summary>
    WriteMemory,

    /// <summary>Reads a word of memory that the silicon writes: an event, a completion semaphore.</summary>
    ReadMemory,

    /// <summary>A full barrier (mb): what was stored before it is seen before what comes after it. Memory here is always in order, so it changes nothing.</summary>
    Barrier,

    /// <summary>Ends the sequence with a result.</summary>
    Return,
}
