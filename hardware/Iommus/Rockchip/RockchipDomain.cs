using Emulator.Hardware.Dma;
using Emulator.Hardware.Drivers;

namespace Emulator.Hardware.Iommus.Rockchip;

/// <summary>A domain of the Rockchip driver: one directory, which several instances may use (a display with several engines).</summary>
public sealed class RockchipDomain : IommuDomain
{
    internal RockchipDomain(DomainType type, RockchipPageTable? table)
        : base(type)
    {
        PageTable = table;
        Directory = table?.Directory ?? 0;
        Geometry = DomainGeometry.OfBits(32);
    }

    /// <summary>The page table; null for identity, and after the domain was freed.</summary>
    public RockchipPageTable? Tables => (RockchipPageTable?)PageTable;

    /// <summary>Told of each page fault that the handler reads (iommu_set_fault_handler); what it does makes no difference to the handler.</summary>
    public Action<Iova, DmaAccess>? FaultHandler { get; set; }

    // Kept when the domain is freed: an instance that still has it programs it at its next resume.
    internal ulong Directory { get; }

    internal List<RockchipInstance> Instances { get; } = [];

    internal void Free()
    {
        Tables?.Free();
        PageTable = null;
    }
}
