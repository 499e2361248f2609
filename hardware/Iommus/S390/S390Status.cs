namespace Emulator.Hardware.Iommus.S390;

/// <summary>Status of an instruction that ended with condition code 1. Source: Linux 6.1 arch/s390/include/asm/pci_insn.h, ZPCI_PCI_ST_*.</summary>
public enum S390Status : byte
{
    /// <summary>Nothing to report.</summary>
    None = 0,

    /// <summary>The function is not enabled.</summary>
    NotEnabled = 4,

    /// <summary>The function is in error.</summary>
    InError = 8,

    /// <summary>The function is blocked.</summary>
    Blocked = 12,

    /// <summary>Resources are insufficient; here also a FIB that is refused.</summary>
    InsufficientResources = 16,

    /// <summary>Invalid address space.</summary>
    InvalidAddressSpace = 20,

    /// <summary>Already enabled; here every instruction out of sequence.</summary>
    AlreadyEnabled = 24,

    /// <summary>The DMA address space is not enabled.</summary>
    AddressSpaceNotEnabled = 28,

    /// <summary>The second operand lies in an invalid address space.</summary>
    OperandInvalidAddressSpace = 36,

    /// <summary>The function is not available: it is undergoing error recovery.</summary>
    NotAvailable = 40,

    /// <summary>Already in the requested state.</summary>
    AlreadyInState = 44,
}
