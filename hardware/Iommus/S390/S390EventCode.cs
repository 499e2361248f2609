namespace Emulator.Hardware.Iommus.S390;

/// <summary>PCI event codes (PEC) of an error event, as far as DMA translation raises them; the numbers as QEMU has them (hw/s390x, ERR_EVENT_*).</summary>
public enum S390EventCode : ushort
{
    /// <summary>No event.</summary>
    None = 0,

    /// <summary>Invalid DMA address space: no translation is registered.</summary>
    InvalidAddressSpace = 1,

    /// <summary>The address lies outside base and limit, or is wider than the tables translate.</summary>
    OutOfRange = 2,

    /// <summary>Invalid translation format. Never raised: a registration of another format than the region-third table is refused.</summary>
    InvalidFormat = 3,

    /// <summary>Translation protection: an entry is invalid, or a write met a protected one.</summary>
    TranslationProtection = 4,

    /// <summary>A region-third or segment entry is all zeroes.</summary>
    InvalidTableEntry = 7,

    /// <summary>A region-third entry has another length or offset than the full table.</summary>
    InvalidLengthOrOffset = 8,

    /// <summary>An entry belongs to another type of table.</summary>
    WrongTableType = 9,

    /// <summary>A table could not be read.</summary>
    MachineError = 0xa,

    /// <summary>First of the three codes of the function measurement block.</summary>
    MeasurementFirst = 0x2a,

    /// <summary>Last of them.</summary>
    MeasurementLast = 0x2c,

    /// <summary>Permanent error.</summary>
    PermanentError = 0x3b,

    /// <summary>Permanent error of another kind.</summary>
    PermanentFailure = 0x40,
}
