using Emulator.Hardware.Drivers;
using Emulator.Hardware.PageTables.ArmLpae;

namespace Emulator.Hardware.Iommus.QcomIommu;

/// <summary>A domain of the driver: a table, and from its first attach to its end the IOMMU and the banks of that one device.</summary>
public sealed class QcomIommuDomain : IommuDomain
{
    internal QcomIommuDomain(DomainType type)
        : base(type)
    {
        if (IsPaging)
            Geometry = DomainGeometry.OfBits(32);
    }

    /// <summary>The page table; null before the first attach.</summary>
    public ArmLpaePageTable? Tables => (ArmLpaePageTable?)PageTable;

    /// <summary>The IOMMU it is bound to (qcom_domain->iommu); null before the first attach.</summary>
    public int? Unit { get; private set; }

    /// <summary>The banks that its invalidations go to: those of the first device (qcom_domain->fwspec).</summary>
    internal IReadOnlyList<QcomIommuContext> Contexts { get; private set; } = [];

    internal void Finalise(ArmLpaePageTable table) => PageTable = table;

    internal void Bind(int unit, IReadOnlyList<QcomIommuContext> contexts) => (Unit, Contexts) = (unit, contexts);

    // A failed attach: the table is not given back.
    internal void Forget() => (PageTable, Unit, Contexts) = (null, null, []);

    internal void Free()
    {
        Tables?.Free();
        Forget();
    }
}
