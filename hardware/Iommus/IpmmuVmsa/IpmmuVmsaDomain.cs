using Emulator.Hardware.Drivers;
using Emulator.Hardware.PageTables.ArmLpae;

namespace Emulator.Hardware.Iommus.IpmmuVmsa;

/// <summary>A domain of the IPMMU driver: a table and, from its first attach to its end, one context of the root. It is tied to the instance of its first device.</summary>
public sealed class IpmmuVmsaDomain : IommuDomain
{
    internal IpmmuVmsaDomain(DomainType type)
        : base(type)
    {
        if (IsPaging)
            Geometry = DomainGeometry.OfBits(32);
    }

    /// <summary>The page table; null before the first attach.</summary>
    public ArmLpaePageTable? Tables => (ArmLpaePageTable?)PageTable;

    /// <summary>The context; null before the first attach.</summary>
    public int? Context { get; private set; }

    internal IpmmuVmsaInstance? Instance { get; private set; }

    internal void Finalise(ArmLpaePageTable table) => PageTable = table;

    internal void Bind(IpmmuVmsaInstance instance, int context) => (Instance, Context) = (instance, context);

    internal void Free()
    {
        Tables?.Free();
        (PageTable, Instance, Context) = (null, null, null);
    }
}
