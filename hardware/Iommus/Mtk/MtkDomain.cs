using Emulator.Hardware.Drivers;
using Emulator.Hardware.PageTables.ArmShort;

namespace Emulator.Hardware.Iommus.Mtk;

/// <summary>A domain: a name for the one table that all masters of the IOMMU share.</summary>
public sealed class MtkDomain : IommuDomain
{
    internal MtkDomain(DomainType type)
        : base(type)
    {
    }

    internal ArmShortPageTable? Table => (ArmShortPageTable?)PageTable;

    // The bank of the device that was attached first: its registers serve the domain's range invalidations.
    internal int Bank { get; private set; }

    internal void TakeTable(ArmShortPageTable table, DomainGeometry region, int bank) => (PageTable, Geometry, Bank) = (table, region, bank);
}
