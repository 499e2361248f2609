using Emulator.Hardware.Drivers;

namespace Emulator.Hardware.Core.Iommufd;

/// <summary>A device as VFIO and iommufd see it: its IOMMU's driver, its group, and what its bus and IOMMU can do for it.</summary>
/// <param name="driver">The driver of its IOMMU; what that offers beyond <see cref="IIommuDriver"/> is <see cref="IUserDomainDriver"/> and
/// <see cref="IPageFaultDriver"/>.</param>
/// <param name="group">Its group.</param>
/// <param name="member">Its place in the group.</param>
public sealed class IommuDevice(IIommuDriver driver, IommuGroup group, GroupMember member)
{
    /// <summary>The driver.</summary>
    public IIommuDriver Driver => driver;

    /// <summary>The group.</summary>
    public IommuGroup Group => group;

    /// <summary>The member of the group.</summary>
    public GroupMember Member => member;

    /// <summary>The device.</summary>
    public DmaDevice Device => member.Device;

    /// <summary>DMA sees the CPU's caches (IOMMU_CAP_CACHE_COHERENCY).</summary>
    public bool CacheCoherency { get; init; } = true;

    /// <summary>Interrupt messages are checked (msi_device_has_isolated_msi).</summary>
    public bool IsolatedMsi { get; init; } = true;

    /// <summary>Writes of the device can be tracked (IOMMU_CAP_DIRTY_TRACKING).</summary>
    public bool DirtyTracking { get; init; }

    /// <summary>A PCI virtual function: page requests are not delivered for it.</summary>
    public bool IsVirtualFunction { get; init; }

    /// <summary>What must not be mapped for it.</summary>
    public IReadOnlyList<ReservedRegion> ReservedRegions { get; init; } = [];
}
