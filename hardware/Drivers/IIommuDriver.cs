using Emulator.Hardware.Dma;
using Emulator.Hardware.PageTables;

namespace Emulator.Hardware.Drivers;

/// <summary>
/// Linux's driver of one kind of IOMMU: its operations as sequences of steps, in the order in which the kernel takes them. A sequence that ends
/// without <see cref="DriverStep.Return"/> has succeeded.
/// </summary>
/// <remarks>One operation at a time: a sequence is enumerated to its end before the next one starts. The page table of a domain has one writer;
/// it may be mapped and unmapped (see <see cref="DomainPaging"/>) beside the driver.</remarks>
public interface IIommuDriver
{
    /// <summary>Which kernel's behaviour this is.</summary>
    KernelVersion Kernel { get; }

    /// <summary>Whether this kernel's driver offers a blocking domain of its own (<see cref="Block"/>).</summary>
    bool HasNativeBlocking { get; }

    /// <summary>Whether what is unmapped may be invalidated later, all of a domain at once (6.12: IOMMU_CAP_DEFERRED_FLUSH; 6.1: the driver has domains of that type). Where it may not, a
    /// kernel that is to be lazy makes strict domains.</summary>
    bool DefersFlushes => false;

    /// <summary>Controller bring-up.</summary>
    IEnumerable<DriverStep> Probe();

    /// <summary>A device appears behind the IOMMU.</summary>
    IEnumerable<DriverStep> ProbeDevice(DmaDevice device);

    /// <summary>A device goes away.</summary>
    IEnumerable<DriverStep> ReleaseDevice(DmaDevice device);

    /// <summary>Makes a domain.</summary>
    /// <exception cref="DriverException">EINVAL or EOPNOTSUPP: this driver has no domain of that type.</exception>
    IommuDomain AllocateDomain(DomainType type);

    /// <summary>Frees a domain that no device is attached to: its tables and identifiers go back.</summary>
    IEnumerable<DriverStep> FreeDomain(IommuDomain domain);

    /// <summary>Makes the page table of a paging domain for the IOMMU of a device, as the kernel does at the first attach (or, 6.12, at allocation).
    /// Does nothing when that is done already.</summary>
    /// <exception cref="DriverException">The domain cannot serve this device.</exception>
    void Finalise(IommuDomain domain, DmaDevice device);

    /// <summary>Attaches a device to a domain; what the device was attached to before is the driver's to leave, as in that kernel.</summary>
    IEnumerable<DriverStep> Attach(IommuDomain domain, DmaDevice device);

    /// <summary>The seed era's detach: 6.1's detach_dev (or the driver's internal detach). 6.12: what the core does in its place.</summary>
    IEnumerable<DriverStep> Detach(IommuDomain domain, DmaDevice device);

    /// <summary>Attaches the driver's own blocking domain.</summary>
    /// <exception cref="DriverException">EOPNOTSUPP: <see cref="HasNativeBlocking"/> is false.</exception>
    IEnumerable<DriverStep> Block(DmaDevice device);

    /// <summary>Maps a range (the core's iommu_map). Where a domain has a page table in memory this is <see cref="DomainMapping.Map"/>; drivers whose
    /// entries lie behind registers, and those that cannot map, have their own. Result: 0, or the negative error.</summary>
    IEnumerable<DriverStep> Map(IommuDomain domain, ulong iova, ulong physical, ulong size, Protection protection) =>
        DomainMapping.Map(this, domain, iova, physical, size, protection);

    /// <summary>Unmaps a range (the core's iommu_unmap), likewise. Result: bytes unmapped.</summary>
    IEnumerable<DriverStep> Unmap(IommuDomain domain, ulong iova, ulong size) => DomainMapping.Unmap(this, domain, iova, size);

    /// <summary>A device resumes (runtime power management) and with it what it hangs on: its IOMMU, its bus arbiter. Devices start suspended; a device is resumed
    /// before it sends DMA. Does nothing for a device that is active, and for drivers that program nothing then.</summary>
    IEnumerable<DriverStep> ResumeDevice(DmaDevice device) => [];

    /// <summary>A device suspends, and with it what no other device holds active.</summary>
    IEnumerable<DriverStep> SuspendDevice(DmaDevice device) => [];

    /// <summary>After mappings were made (iotlb_sync_map).</summary>
    IEnumerable<DriverStep> SyncMap(IommuDomain domain, Iova iova, ulong size, InvalidationGather gather);

    /// <summary>After mappings were removed (iotlb_sync): invalidates what <paramref name="gather"/> collected, then frees the tables it holds.</summary>
    IEnumerable<DriverStep> Sync(IommuDomain domain, InvalidationGather gather);

    /// <summary>Invalidates everything of a domain (flush_iotlb_all).</summary>
    IEnumerable<DriverStep> FlushAll(IommuDomain domain);

    /// <summary>The fault interrupt's handler: reads and acknowledges what the silicon recorded.</summary>
    IEnumerable<DriverStep> HandleInterrupt();
}
