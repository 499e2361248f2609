namespace Emulator.Hardware.Iommus.ArmSmmu;

/// <summary>Fields of a context bank's SCTLR.</summary>
[Flags]
public enum ContextBankControl : uint
{
    /// <summary>Nothing set.</summary>
    None = 0,

    /// <summary>M: the bank translates; else what is sent to it passes untranslated.</summary>
    Translate = 1u << 0,

    /// <summary>TRE: memory attributes come from MAIR.</summary>
    AttributeRemap = 1u << 1,

    /// <summary>AFE: the access flag is checked.</summary>
    AccessFlag = 1u << 2,

    /// <summary>E: big-endian tables.</summary>
    BigEndian = 1u << 4,

    /// <summary>CFRE: faults are answered with an abort, else reads are zero and writes ignored.</summary>
    FaultReport = 1u << 5,

    /// <summary>CFIE: faults raise the interrupt.</summary>
    FaultInterrupt = 1u << 6,

    /// <summary>CFCFG: a faulting request is stalled, else it is terminated.</summary>
    FaultStalls = 1u << 7,

    /// <summary>HUPCF: requests go on while one is stalled.</summary>
    HitUnderFault = 1u << 8,

    /// <summary>ASIDPNE: broadcast invalidations by ASID do not apply.</summary>
    AsidPrivateNamespace = 1u << 12,
}
