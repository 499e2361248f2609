namespace Emulator.Hardware.Iommus.ArmSmmuV3;

/// <summary>Opcodes of commands, DW0 7:0.</summary>
public enum CommandOpcode : byte
{
    /// <summary>CMD_PREFETCH_CONFIG.</summary>
    PrefetchConfig = 0x01,

    /// <summary>CMD_PREFETCH_ADDR.</summary>
    PrefetchAddress = 0x02,

    /// <summary>CMD_CFGI_STE: drops a cached STE, and the CDs found through it.</summary>
    InvalidateSte = 0x03,

    /// <summary>CMD_CFGI_STE_RANGE; with range 31 CMD_CFGI_ALL.</summary>
    InvalidateSteRange = 0x04,

    /// <summary>CMD_CFGI_CD: drops a cached CD.</summary>
    InvalidateCd = 0x05,

    /// <summary>CMD_CFGI_CD_ALL: drops all cached CDs of a stream.</summary>
    InvalidateCdAll = 0x06,

    /// <summary>CMD_TLBI_NH_ALL: NS-EL1, by VMID.</summary>
    TlbiNhAll = 0x10,

    /// <summary>CMD_TLBI_NH_ASID: NS-EL1, by VMID and ASID.</summary>
    TlbiNhAsid = 0x11,

    /// <summary>CMD_TLBI_NH_VA: NS-EL1, by VMID, ASID and address.</summary>
    TlbiNhVa = 0x12,

    /// <summary>CMD_TLBI_NH_VAA: NS-EL1, by VMID and address, any ASID.</summary>
    TlbiNhVaa = 0x13,

    /// <summary>CMD_TLBI_EL2_ALL.</summary>
    TlbiEl2All = 0x20,

    /// <summary>CMD_TLBI_EL2_ASID.</summary>
    TlbiEl2Asid = 0x21,

    /// <summary>CMD_TLBI_EL2_VA.</summary>
    TlbiEl2Va = 0x22,

    /// <summary>CMD_TLBI_EL2_VAA.</summary>
    TlbiEl2Vaa = 0x23,

    /// <summary>CMD_TLBI_S12_VMALL: both stages, by VMID.</summary>
    TlbiS12VmAll = 0x28,

    /// <summary>CMD_TLBI_S2_IPA: stage 2, by VMID and intermediate address.</summary>
    TlbiS2Ipa = 0x2A,

    /// <summary>CMD_TLBI_NSNH_ALL: everything of NS-EL1, both stages.</summary>
    TlbiNsnhAll = 0x30,

    /// <summary>CMD_ATC_INV: invalidation in a device's ATC.</summary>
    AtcInvalidate = 0x40,

    /// <summary>CMD_PRI_RESP: answer to a page request group.</summary>
    PriResponse = 0x41,

    /// <summary>CMD_RESUME: answer to a stalled request.</summary>
    Resume = 0x44,

    /// <summary>CMD_STALL_TERM: ends all stalled requests of a stream.</summary>
    StallTerminate = 0x45,

    /// <summary>CMD_SYNC.</summary>
    Sync = 0x46,
}
