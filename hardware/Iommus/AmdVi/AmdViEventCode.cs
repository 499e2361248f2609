namespace Emulator.Hardware.Iommus.AmdVi;

/// <summary>Codes of event log entries.</summary>
public enum AmdViEventCode
{
    /// <summary>No event.</summary>
    None = 0,

    /// <summary>ILLEGAL_DEV_TABLE_ENTRY.</summary>
    IllegalDeviceTableEntry = 1,

    /// <summary>IO_PAGE_FAULT.</summary>
    IoPageFault = 2,

    /// <summary>DEV_TAB_HARDWARE_ERROR: the device table could not be read.</summary>
    DeviceTableHardwareError = 3,

    /// <summary>PAGE_TAB_HARDWARE_ERROR: a page table could not be read.</summary>
    PageTableHardwareError = 4,

    /// <summary>ILLEGAL_COMMAND_ERROR.</summary>
    IllegalCommand = 5,

    /// <summary>COMMAND_HARDWARE_ERROR: the command buffer could not be read, or a semaphore not written.</summary>
    CommandHardwareError = 6,

    /// <summary>IOTLB_INV_TIMEOUT.</summary>
    IotlbInvalidationTimeout = 7,

    /// <summary>INVALID_DEVICE_REQUEST.</summary>
    InvalidDeviceRequest = 8,
}
