using Emulator.Hardware.Translation;

namespace Emulator.Hardware.Iommus.AmdVi;

/// <summary>What varies between AMD IOMMUs, and what no source states.</summary>
public sealed record AmdViIommuOptions
{
    /// <summary>The extended feature register.</summary>
    public AmdViFeatures Features { get; init; } = AmdViFeatures.Default;

    /// <summary>The IOTLB.</summary>
    public IotlbGeometry Iotlb { get; init; } = new();

    /// <summary>Device table entries kept; 0: each DMA reads its entry (as QEMU does).</summary>
    public int DeviceTableCacheCapacity { get; init; } = int.MaxValue;

    /// <summary>Cached pages are found by device, before the device table entry is looked at (as in QEMU). Silicon finds them by DomainID and PASID.</summary>
    public bool TagsPagesByDevice { get; init; }

    /// <summary>INVALIDATE_IOMMU_PAGES drops every page of the domain, whatever range it names (as in QEMU).</summary>
    public bool InvalidatesWholeDomain { get; init; }

    /// <summary>Whether a request that meets V=1, TV=0 is logged as IO_PAGE_FAULT with PR=0. The manual leaves it open.</summary>
    public bool LogsTranslationInvalid { get; init; } = true;

    /// <summary>The code logged for a device ID beyond the device table's size.</summary>
    public AmdViEventCode BeyondDeviceTable { get; init; } = AmdViEventCode.IllegalDeviceTableEntry;

    /// <summary>First address of the system management range, which DTE.SysMgt governs. Source: AMD 48882, special address controls.</summary>
    public ulong SystemManagementStart { get; init; } = 0xfd_f910_0000;

    /// <summary>Last address of the system management range.</summary>
    public ulong SystemManagementEnd { get; init; } = 0xfd_f91f_ffff;

    /// <summary>Common fault records kept.</summary>
    public int FaultRecords { get; init; } = 1024;
}
