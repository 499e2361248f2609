using Emulator.Hardware.Drivers;

namespace Emulator.Hardware.Iommus.Exynos;

/// <summary>A domain of the SysMMU driver: one first-level table. In Linux 6.12 there is also the identity domain, which has none.</summary>
public sealed class ExynosDomain : IommuDomain
{
    internal ExynosDomain(DomainType type, ExynosPageTable? table)
        : base(type) => PageTable = table;

    /// <summary>The page table; null for the identity domain, and when the domain is freed.</summary>
    public ExynosPageTable? Tables => (ExynosPageTable?)PageTable;

    // The SysMMUs that the driver believes to translate with this domain.
    internal List<ExynosUnit> Clients { get; } = [];

    internal void Free()
    {
        Tables?.Free();
        PageTable = null;
    }
}
