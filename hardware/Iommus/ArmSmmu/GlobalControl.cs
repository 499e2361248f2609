namespace Emulator.Hardware.Iommus.ArmSmmu;

/// <summary>Fields of sCR0.</summary>
[Flags]
public enum GlobalControl : uint
{
    /// <summary>Nothing set.</summary>
    None = 0,

    /// <summary>CLIENTPD: the SMMU is off, everything passes untranslated.</summary>
    ClientPortDisable = 1u << 0,

    /// <summary>GFRE: global faults are answered with an abort, else reads are zero and writes ignored.</summary>
    GlobalFaultReport = 1u << 1,

    /// <summary>GFIE: global faults raise the interrupt.</summary>
    GlobalFaultInterrupt = 1u << 2,

    /// <summary>EXIDENABLE: 16-bit StreamIDs and masks; S2CR.EXIDVALID in place of SMR.VALID.</summary>
    ExtendedIds = 1u << 3,

    /// <summary>GCFGFRE: likewise for accesses to registers.</summary>
    ConfigurationFaultReport = 1u << 4,

    /// <summary>GCFGFIE: likewise for accesses to registers.</summary>
    ConfigurationFaultInterrupt = 1u << 5,

    /// <summary>USFCFG: a stream that no entry matches is a fault, else it passes untranslated.</summary>
    UnidentifiedStreamFault = 1u << 10,

    /// <summary>VMIDPNE: broadcast invalidations by VMID apply.</summary>
    VmidPrivateNamespace = 1u << 11,

    /// <summary>PTM: broadcast invalidations are ignored.</summary>
    PrivateTlbMaintenance = 1u << 12,

    /// <summary>FB: maintenance is forced to be broadcast.</summary>
    ForceBroadcast = 1u << 13,

    /// <summary>BSU 15:14: barrier shareability upgrade.</summary>
    BarrierUpgrade = 3u << 14,

    /// <summary>VMID16EN: VMIDs have 16 bits, those of CBA2R.</summary>
    WideVmids = 1u << 31,
}
