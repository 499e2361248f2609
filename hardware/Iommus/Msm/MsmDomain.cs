using Emulator.Hardware.Drivers;
using Emulator.Hardware.PageTables.ArmShort;

namespace Emulator.Hardware.Iommus.Msm;

/// <summary>A domain of the driver. Each attach gives it a new, empty table; the detach frees it.</summary>
public sealed class MsmDomain : IommuDomain
{
    internal MsmDomain(DomainType type)
        : base(type)
    {
        if (IsPaging)
            Geometry = DomainGeometry.OfBits(32);
    }

    /// <summary>The table of the last attach; null before the first one and after the detach.</summary>
    public ArmShortPageTable? Tables => (ArmShortPageTable?)PageTable;

    /// <summary>The instances that its invalidations go to (list_attached). A detach takes none out.</summary>
    internal List<MsmUnit> Attached { get; } = [];

    /// <summary>The detach has freed the table, and the kernel still points to it.</summary>
    internal bool IsTableFreed { get; private set; }

    // What the domain had before is not given back.
    internal void TakeTable(ArmShortPageTable? table) => (PageTable, IsTableFreed) = (table, false);

    internal void FreeTable()
    {
        Tables!.Free();
        (PageTable, IsTableFreed) = (null, true);
    }
}
