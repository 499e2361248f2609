namespace Emulator.Hardware.Drivers;

/// <summary>Types of IOMMU domains, with the kernel's numbers. Source: Linux 6.1 include/linux/iommu.h, IOMMU_DOMAIN_*.</summary>
public enum DomainType
{
    /// <summary>All DMA is blocked.</summary>
    Blocked = 0,

    /// <summary>Mappings are made by the owner of the domain (VFIO, iommufd).</summary>
    Unmanaged = 1,

    /// <summary>Used by the DMA API; invalidation before an unmap returns.</summary>
    Dma = 3,

    /// <summary>Passes addresses through.</summary>
    Identity = 4,

    /// <summary>Used by the DMA API with a flush queue: invalidation is batched and late.</summary>
    DmaFlushQueue = 11,

    /// <summary>6.12: what a platform does without a domain - the resting state of drivers that know unmanaged domains only.</summary>
    Platform = 32,

    /// <summary>A guest's page table over a parent domain of the host (6.12, IOMMU_DOMAIN_NESTED): only iommufd has it made, see <see cref="Core.Iommufd.IUserDomainDriver"/>.</summary>
    Nested = 0x40,
}
