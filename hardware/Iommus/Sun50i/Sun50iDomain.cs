using Emulator.Hardware.Drivers;

namespace Emulator.Hardware.Iommus.Sun50i;

/// <summary>A domain: a directory table. In Linux 6.12 there is also the identity domain, which has none.</summary>
public sealed class Sun50iDomain : IommuDomain
{
    internal Sun50iDomain(DomainType type, Sun50iPageTable? table)
        : base(type)
    {
        PageTable = table;
        if (table != null)
            Geometry = DomainGeometry.OfBits(table.InputBits);
    }

    /// <summary>The table, which may be freed already; null for the identity domain.</summary>
    public Sun50iPageTable? Tables => (Sun50iPageTable?)PageTable;

    // Its devices, and one.
    internal Sun50iReferences References { get; } = new();

    // It was attached once: from then on its maps and unmaps invalidate.
    internal bool HasIommu { get; set; }

    internal bool IsFreed { get; private set; }

    internal void Free()
    {
        Tables?.Free();
        IsFreed = true;
    }
}
