using Emulator.Hardware.PageTables;

namespace Emulator.Hardware.Drivers;

/// <summary>A domain: an I/O address space that devices are attached to. Each driver derives its own with the identifiers that its IOMMU knows.</summary>
public abstract class IommuDomain
{
    /// <summary>Makes a domain.</summary>
    protected IommuDomain(DomainType type) => Type = type;

    /// <summary>The type.</summary>
    public DomainType Type { get; }

    /// <summary>The page table; null for types without one, and before <see cref="IIommuDriver.Finalise"/>.</summary>
    public IPageTable? PageTable { get; protected set; }

    /// <summary>Whether mappings can be made.</summary>
    public bool IsPaging => Type is DomainType.Unmanaged or DomainType.Dma or DomainType.DmaFlushQueue;
}
