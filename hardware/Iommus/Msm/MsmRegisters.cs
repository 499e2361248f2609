namespace Emulator.Hardware.Iommus.Msm;

/// <summary>Registers of Qualcomm's first IOMMU. Source: Linux drivers/iommu/msm_iommu_hw-8xxx.h.</summary>
public static class MsmRegisters
{
    /// <summary>Bytes of the window.</summary>
    public const ulong WindowSize = 0x10_0000;

    /// <summary>Bytes of a context bank's registers: bank c is at c times this.</summary>
    public const ulong BankSize = 0x1000;

    /// <summary>SCTLR: [0] M, [1] TRE, [2] AFE.</summary>
    public const ulong SystemControl = 0x000;

    /// <summary>ACTLR.</summary>
    public const ulong AuxiliaryControl = 0x004;

    /// <summary>CONTEXTIDR: [7:0] ASID.</summary>
    public const ulong ContextId = 0x008;

    /// <summary>TTBR0: [31:14] the table.</summary>
    public const ulong TableBase0 = 0x010;

    /// <summary>TTBR1.</summary>
    public const ulong TableBase1 = 0x014;

    /// <summary>TTBCR.</summary>
    public const ulong TableControl = 0x018;

    /// <summary>PAR: result of a translation by register.</summary>
    public const ulong PhysicalAddress = 0x01c;

    /// <summary>FSR, see <see cref="MsmFault"/>.</summary>
    public const ulong FaultStatus = 0x020;

    /// <summary>FSRRESTORE: writes FSR.</summary>
    public const ulong FaultStatusRestore = 0x024;

    /// <summary>FAR: the address that faulted.</summary>
    public const ulong FaultAddress = 0x028;

    /// <summary>FSYNR0: [7:0] the stream.</summary>
    public const ulong FaultSyndrome0 = 0x02c;

    /// <summary>FSYNR1: [8] write.</summary>
    public const ulong FaultSyndrome1 = 0x030;

    /// <summary>PRRR.</summary>
    public const ulong PrimaryRegionRemap = 0x034;

    /// <summary>NMRR.</summary>
    public const ulong NormalMemoryRemap = 0x038;

    /// <summary>TLBLCKR.</summary>
    public const ulong TlbLock = 0x03c;

    /// <summary>TLBFLPTER.</summary>
    public const ulong TlbFirstLevelPointer = 0x044;

    /// <summary>TLBSLPTER.</summary>
    public const ulong TlbSecondLevelPointer = 0x048;

    /// <summary>BFBCR: [0] BFBDFE.</summary>
    public const ulong BufferControl = 0x04c;

    /// <summary>CTX_TLBIALL: a write drops the bank's translations.</summary>
    public const ulong InvalidateBank = 0x800;

    /// <summary>TLBIASID: [7:0] the ASID.</summary>
    public const ulong InvalidateAsid = 0x804;

    /// <summary>TLBIVA: [31:12] the address, [7:0] the ASID.</summary>
    public const ulong InvalidateAddress = 0x808;

    /// <summary>V2PPR: translates an address for a privileged read; the answer is in PAR.</summary>
    public const ulong TranslateRead = 0x810;

    /// <summary>M2VCBR of stream 0: [15:8] bank, and how it bypasses.</summary>
    public const ulong StreamToBank = 0xf_f000;

    /// <summary>CBACR of bank 0: [20:16] VMID, [31:24] interrupt.</summary>
    public const ulong BankAccess = 0xf_f800;

    /// <summary>TLBRSW.</summary>
    public const ulong TlbRowSwitch = 0xf_fe00;

    /// <summary>TESTBUSCR.</summary>
    public const ulong TestBus = 0xf_fe8c;

    /// <summary>GLOBAL_TLBIALL: a write drops every translation.</summary>
    public const ulong InvalidateAll = 0xf_ff00;

    /// <summary>CR.</summary>
    public const ulong Control = 0xf_ff80;

    /// <summary>ESRRESTORE.</summary>
    public const ulong GlobalErrorRestore = 0xf_ff8c;

    /// <summary>RPU_ACR.</summary>
    public const ulong ProtectionAccess = 0xf_fffc;

    /// <summary>Streams.</summary>
    public const int Streams = 32;

    /// <summary>SCTLR: the MMU is on.</summary>
    public const uint MmuEnable = 1u << 0;

    /// <summary>SCTLR: TEX remap.</summary>
    public const uint TexRemap = 1u << 1;

    /// <summary>SCTLR: access flag.</summary>
    public const uint AccessFlagEnable = 1u << 2;

    /// <summary>ACTLR: faults interrupt (CFEIE).</summary>
    public const uint FaultInterruptEnable = 1u << 1;

    /// <summary>ACTLR: redirected outer-shareable walks (RCOSH).</summary>
    public const uint OuterShareable = 1u << 4;

    /// <summary>ACTLR: RCISH.</summary>
    public const uint InnerShareable = 1u << 5;

    /// <summary>ACTLR: RCNSH.</summary>
    public const uint NonShareable = 1u << 6;

    /// <summary>ACTLR: TLBMCFG.</summary>
    public const uint TlbMissConfiguration = 3u << 12;

    /// <summary>ACTLR: a faulting transaction stalls (CFCFG).</summary>
    public const uint StallOnFault = 1u << 14;

    /// <summary>ACTLR: V2PCFG.</summary>
    public const uint TranslateConfiguration = 3u << 16;

    /// <summary>M2VCBR: where the bank's number is.</summary>
    public const int BankShift = 8;

    /// <summary>M2VCBR: the bank's number.</summary>
    public const uint BankMask = 0xffu << BankShift;

    /// <summary>M2VCBR: the VMID.</summary>
    public const uint StreamVmidMask = 0x1f;

    /// <summary>M2VCBR: NSCFG.</summary>
    public const uint NonSecureMask = 3u << 22;

    /// <summary>CBACR: the VMID.</summary>
    public const uint BankVmidMask = 0x1fu << 16;

    /// <summary>CBACR: the interrupt.</summary>
    public const uint InterruptIndexMask = 0xffu << 24;

    /// <summary>CR: clients bypass (CLIENTPD).</summary>
    public const uint ClientsBypass = 1u << 4;

    /// <summary>CR: the TLB may be locked by clients (TLBLKCRWE).</summary>
    public const uint TlbLockWritable = 1u << 6;

    /// <summary>PAR: the translation failed.</summary>
    public const uint TranslationFailed = 1u << 0;

    /// <summary>PAR: it is a supersection.</summary>
    public const uint IsSupersection = 1u << 1;

    /// <summary>FSR as Linux acknowledges it.</summary>
    public const uint FaultAcknowledge = 0x4000_000f;

    /// <summary>M2VCBR: the fields of bypassing that a bank's reset clears, one by one: BPRCOSH, BPRCISH, BPRCNSH, BPSHCFG, BPMTCFG.</summary>
    public static IReadOnlyList<uint> BypassFields { get; } = [1u << 17, 1u << 18, 1u << 19, 3u << 20, 1u << 24];
}
