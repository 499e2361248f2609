using Emulator.Hardware.Drivers;
using Emulator.Hardware.PageTables.ArmLpae;

namespace Emulator.Hardware.Iommus.ArmSmmu.Driver;

/// <summary>A domain on an SMMU (struct arm_smmu_domain). A paging domain has a context bank of its own from its first attach to its end.</summary>
public sealed class ArmSmmuDomain : IommuDomain
{
    internal ArmSmmuDomain(DomainType type)
        : base(type)
    {
    }

    /// <summary>How it translates; settled at the first attach.</summary>
    public ArmSmmuStage Stage { get; internal set; }

    /// <summary>The context bank; 0 for a domain without one.</summary>
    public int Bank { get; internal set; }

    /// <summary>ASID or VMID, which the kernel keeps in one place: the bank's number, for a stage-2 domain one more.</summary>
    public ushort Identifier { get; internal set; }

    /// <summary>AArch64 tables, else AArch32 long-descriptor ones.</summary>
    public bool Is64Bit { get; internal set; }

    /// <summary>Index of the context interrupt.</summary>
    public int Interrupt { get; internal set; }

    internal DriverState? Owner { get; set; }

    internal ArmLpaePageTable? Lpae => (ArmLpaePageTable?)PageTable;

    /// <summary>The context bank has been written.</summary>
    internal bool IsLive { get; set; }

    internal void Settle(DriverState owner, ArmLpaePageTable table, int inputBits)
    {
        (Owner, PageTable) = (owner, table);
        Geometry = DomainGeometry.OfBits(inputBits);
    }

    internal void Release()
    {
        Lpae?.Free();
        (Owner, PageTable, IsLive) = (null, null, false);
    }
}
