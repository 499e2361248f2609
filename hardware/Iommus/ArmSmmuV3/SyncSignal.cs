namespace Emulator.Hardware.Iommus.ArmSmmuV3;

/// <summary>CMD_SYNC.CS, DW0 13:12: how completion is told.</summary>
public enum SyncSignal : byte
{
    /// <summary>Not at all: software polls CONS.</summary>
    None = 0,

    /// <summary>By an interrupt: an MSI write when an address is given.</summary>
    Interrupt = 1,

    /// <summary>By an event (SEV) to the CPUs.</summary>
    Event = 2,
}
