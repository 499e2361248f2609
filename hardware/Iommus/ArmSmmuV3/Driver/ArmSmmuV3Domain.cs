using Emulator.Hardware.Drivers;
using Emulator.Hardware.PageTables.ArmLpae;

namespace Emulator.Hardware.Iommus.ArmSmmuV3.Driver;

/// <summary>A domain on an SMMUv3 (struct arm_smmu_domain).</summary>
public sealed class ArmSmmuV3Domain : IommuDomain
{
    internal ArmSmmuV3Domain(DomainType type)
        : base(type) => Stage = type switch
        {
            DomainType.Identity => DomainStage.Bypass,
            DomainType.Blocked => DomainStage.Blocked,
            _ => DomainStage.Stage1,
        };

    /// <summary>How it translates; settled at the first attach.</summary>
    public DomainStage Stage { get; internal set; }

    /// <summary>ASID of a stage-1 domain, from 1; 0 before the first attach.</summary>
    public ushort Asid { get; internal set; }

    /// <summary>VMID of a stage-2 domain, from 1; 0 before the first attach.</summary>
    public ushort Vmid { get; internal set; }

    /// <summary>The SMMU that it was first attached on.</summary>
    internal DriverState? Owner { get; set; }

    internal ArmLpaePageTable? Lpae
    {
        get => (ArmLpaePageTable?)PageTable;
        set => PageTable = value;
    }

    /// <summary>6.1: the domain's context table.</summary>
    internal ContextTable? Contexts { get; set; }

    /// <summary>6.1: context 0 has been written.</summary>
    internal bool ContextWritten { get; set; }

    /// <summary>6.1: the stall mode of the first device.</summary>
    internal bool Stalls { get; set; }

    /// <summary>Devices (6.12: device and PASID) that use the domain, newest first.</summary>
    internal List<(Master Master, uint Substream)> Users { get; } = [];

    /// <summary>Users with ATS on.</summary>
    internal int AtsUsers { get; set; }
}
