namespace Emulator.Hardware.Iommus.S390;

/// <summary>Operations of MODIFY PCI FUNCTION CONTROLS. Source: Linux 6.1 arch/s390/include/asm/pci_insn.h, ZPCI_MOD_FC_*.</summary>
public enum S390Operation : byte
{
    /// <summary>Register adapter interrupts.</summary>
    RegisterInterrupts = 2,

    /// <summary>Deregister adapter interrupts.</summary>
    DeregisterInterrupts = 3,

    /// <summary>Register the I/O address translation: install base, limit and IOTA.</summary>
    RegisterTranslation = 4,

    /// <summary>Deregister it: every DMA is refused.</summary>
    DeregisterTranslation = 5,

    /// <summary>Deregister and register in one.</summary>
    ReregisterTranslation = 6,

    /// <summary>Leave the error state: DMA works again.</summary>
    ResetError = 7,

    /// <summary>Leave the load/store-blocked state.</summary>
    ResetBlock = 9,

    /// <summary>Set the function measurement block.</summary>
    SetMeasurement = 10,

    /// <summary>Register directed interrupts.</summary>
    RegisterDirectedInterrupts = 16,

    /// <summary>Deregister directed interrupts.</summary>
    DeregisterDirectedInterrupts = 17,
}
