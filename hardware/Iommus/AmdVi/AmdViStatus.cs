namespace Emulator.Hardware.Iommus.AmdVi;

/// <summary>The status register, offset 0x2020. Writing a one clears an interrupt or overflow bit; the run bits are read-only.</summary>
[Flags]
public enum AmdViStatus
{
    /// <summary>Nothing.</summary>
    None = 0,

    /// <summary>Bit 0: an event found the log full; logging has stopped.</summary>
    EventOverflow = 1 << 0,

    /// <summary>Bit 1: an event was logged.</summary>
    EventInterrupt = 1 << 1,

    /// <summary>Bit 2: a COMPLETION_WAIT with its interrupt flag was executed.</summary>
    CompletionInterrupt = 1 << 2,

    /// <summary>Bit 3: events are being logged.</summary>
    EventLogRunning = 1 << 3,

    /// <summary>Bit 4: commands are being fetched.</summary>
    CommandBufferRunning = 1 << 4,

    /// <summary>Bit 6: a page request was logged.</summary>
    PprInterrupt = 1 << 6,

    /// <summary>Bit 9: the guest APIC log is full.</summary>
    GaOverflow = 1 << 9,

    /// <summary>Bit 10: a guest APIC interrupt was logged.</summary>
    GaInterrupt = 1 << 10,
}
