using Emulator.Hardware.PageTables;

namespace Emulator.Hardware.Drivers;

/// <summary>A domain: an I/O address space that devices are attached to. Each driver derives its own with the identifiers that its IOMMU knows.</summary>
public abstract class IommuDomain
{
    /// <summary>Makes a domain.</summary>
    protected IommuDomain(DomainType type) => Type = type;

    /// <summary>The type. A DMA domain becomes one with a flush queue while it is in use (sysfs).</summary>
    public DomainType Type { get; internal set; }

    /// <summary>The driver that made it, where the core asked for it (6.12: domain->owner); null: nobody wrote that down.</summary>
    public IIommuDriver? AllocatedBy { get; internal set; }

    /// <summary>The page table in memory; null for types without one, before <see cref="IIommuDriver.Finalise"/>, and for IOMMUs whose entries do not lie in
    /// memory or that map nothing. Several domains may share one (an IOMMU with a single address space).</summary>
    public IPageTable? PageTable { get; protected set; }

    /// <summary>The addresses that can be mapped; every address unless the driver says otherwise.</summary>
    public DomainGeometry Geometry { get; protected set; } = DomainGeometry.All;

    /// <summary>Whether mappings can be made.</summary>
    public bool IsPaging => Type is DomainType.Unmanaged or DomainType.Dma or DomainType.DmaFlushQueue;
}
