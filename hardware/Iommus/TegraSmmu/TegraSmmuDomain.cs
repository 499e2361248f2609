using Emulator.Hardware.Drivers;

namespace Emulator.Hardware.Iommus.TegraSmmu;

/// <summary>A domain of the SMMU's driver (struct tegra_smmu_as).</summary>
public sealed class TegraSmmuDomain : IommuDomain
{
    internal TegraSmmuDomain(DomainType type, TegraSmmuPageTable? table)
        : base(type)
    {
        PageTable = table;
        Geometry = DomainGeometry.OfBits(32);
    }

    /// <summary>The page table; null for the identity domain.</summary>
    public TegraSmmuPageTable? Tables => (TegraSmmuPageTable?)PageTable;

    /// <summary>The ASID: the domain's while <see cref="UseCount"/> is above 0, afterwards somebody else's perhaps.</summary>
    public int Asid { get; internal set; }

    /// <summary>Attachments of swgroups (use_count). The driver never takes one back when a device goes straight to another domain, so this may stay above 0 for
    /// good; freeing such a domain makes the kernel warn, and its ASID is lost.</summary>
    public int UseCount { get; internal set; }

    /// <summary>Whether the domain was told its SMMU beside the driver, which forgets it with the last swgroup.</summary>
    internal bool WasTold { get; set; }

    /// <summary>Whether the domain knows its SMMU.</summary>
    internal bool IsBound => WasTold || UseCount > 0;
}
