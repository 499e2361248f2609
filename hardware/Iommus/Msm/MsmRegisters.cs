namespace Emulator.Hardware.Iommus.Msm;

/// <summary>Registers of the MSM IOMMU. Source: Linux drivers/iommu/msm_iommu_hw-8xxx.h.</summary>
/// <remarks>Those of a context bank are offsets in the bank's page, see <see cref="Bank"/>.</remarks>
public static class MsmRegisters
{
    /// <summary>Bytes of the window.</summary>
    public const ulong WindowSize = 0x10_0000;

    /// <summary>SCTLR: control.</summary>
    public const ulong Control = 0x000;

    /// <summary>ACTLR: auxiliary control.</summary>
    public const ulong AuxiliaryControl = 0x004;

    /// <summary>CONTEXTIDR: [7:0] ASID.</summary>
    public const ulong ContextId = 0x008;

    /// <summary>TTBR0: [31:14] the table.</summary>
    public const ulong TableBase0 = 0x010;

    /// <summary>TTBR1.</summary>
    public const ulong TableBase1 = 0x014;

    /// <summary>TTBCR: table base control.</summary>
    public const ulong TableControl = 0x018;

    /// <summary>PAR: what a V2P operation found.</summary>
    public const ulong PhysicalAddress = 0x01c;

    /// <summary>FSR: fault status, see <see cref="MsmFault"/>.</summary>
    public const ulong FaultStatus = 0x020;

    /// <summary>FSRRESTORE: sets FSR.</summary>
    public const ulong FaultStatusRestore = 0x024;

    /// <summary>FAR: the address that faulted.</summary>
    public const ulong FaultAddress = 0x028;

    /// <summary>FSYNR0: [7:0] the MID.</summary>
    public const ulong FaultSyndrome0 = 0x02c;

    /// <summary>FSYNR1: attributes of the access.</summary>
    public const ulong FaultSyndrome1 = 0x030;

    /// <summary>PRRR: primary region remap.</summary>
    public const ulong PrimaryRegionRemap = 0x034;

    /// <summary>NMRR: normal memory remap.</summary>
    public const ulong NormalMemoryRemap = 0x038;

    /// <summary>TLBLKCR: TLB lock.</summary>
    public const ulong TlbLock = 0x03c;

    /// <summary>V2PSR: status of a V2P operation.</summary>
    public const ulong TranslateStatus = 0x040;

    /// <summary>TLBFLPTER: first-level pointer.</summary>
    public const ulong TlbFirstLevel = 0x044;

    /// <summary>TLBSLPTER: second-level pointer.</summary>
    public const ulong TlbSecondLevel = 0x048;

    /// <summary>BFBCR: [0] prefetch.</summary>
    public const ulong PrefetchControl = 0x04c;

    /// <summary>CTX_TLBIALL: drops what the bank filled.</summary>
    public const ulong TlbiAll = 0x800;

    /// <summary>TLBIASID: [7:0] ASID.</summary>
    public const ulong TlbiAsid = 0x804;

    /// <summary>TLBIVA: [31:12] address, [7:0] ASID.</summary>
    public const ulong TlbiAddress = 0x808;

    /// <summary>TLBIVAA: [31:12] address, of any ASID.</summary>
    public const ulong TlbiAddressAll = 0x80c;

    /// <summary>V2PPR, V2PPW, V2PUR, V2PUW: translates [31:12] as a privileged read, privileged write, user read, user write. Four words.</summary>
    public const ulong Translate = 0x810;

    /// <summary>RESUME: [0] terminates what is stalled, else it is tried again.</summary>
    public const ulong Resume = 0x820;

    /// <summary>M2VCBR: a word for each MID. [4:0] VMID, [15:8] bank (CBNDX), [16] BYPASSD, [17] BPRCOSH, [18] BPRCISH, [19] BPRCNSH, [21:20] BPSHCFG, [23:22] NSCFG, [24] BPMTCFG, [27:25] BPMEMTYPE.</summary>
    public const ulong MasterToBank = 0xff000;

    /// <summary>CBACR: a word for each bank. [4:0] RWVMID, [8] RWE, [9] RWGE, [20:16] CBVMID, [31:24] IRPTNDX.</summary>
    public const ulong BankAttributes = 0xff800;

    /// <summary>TLBRSW: TLB read and write switch.</summary>
    public const ulong TlbSwitch = 0xffe00;

    /// <summary>TLBTR0 to 2: TLB test.</summary>
    public const ulong TlbTest = 0xffe80;

    /// <summary>TESTBUSCR: test bus control.</summary>
    public const ulong TestBusControl = 0xffe8c;

    /// <summary>GLOBAL_TLBIALL: drops everything.</summary>
    public const ulong GlobalTlbiAll = 0xfff00;

    /// <summary>TLBIVMID: [4:0] VMID.</summary>
    public const ulong TlbiVmid = 0xfff04;

    /// <summary>CR: global control.</summary>
    public const ulong GlobalControl = 0xfff80;

    /// <summary>EAR: address of a global error.</summary>
    public const ulong ErrorAddress = 0xfff84;

    /// <summary>ESR: global error status. [0] CFG, [1] BYPASS, [31] MULTI.</summary>
    public const ulong ErrorStatus = 0xfff88;

    /// <summary>ESRRESTORE: sets ESR.</summary>
    public const ulong ErrorStatusRestore = 0xfff8c;

    /// <summary>ESYNR0, as <see cref="FaultSyndrome0"/>.</summary>
    public const ulong ErrorSyndrome0 = 0xfff90;

    /// <summary>ESYNR1, as <see cref="FaultSyndrome1"/>.</summary>
    public const ulong ErrorSyndrome1 = 0xfff94;

    /// <summary>REV: revision.</summary>
    public const ulong Revision = 0xffff4;

    /// <summary>IDR: [8:0] MIDs (NM2VCBMT), [15:12] TLB size, [23:16] banks, [31:24] interrupts.</summary>
    public const ulong Identification = 0xffff8;

    /// <summary>RPU_ACR: access control of the register protection.</summary>
    public const ulong ProtectionAccess = 0xffffc;

    /// <summary>SCTLR: the bank translates (M).</summary>
    public const int Enable = 0;

    /// <summary>SCTLR: PRRR and NMRR are used (TRE).</summary>
    public const int TexRemap = 1;

    /// <summary>SCTLR: AP[0] is the access flag (AFE).</summary>
    public const int AccessFlagEnable = 2;

    /// <summary>ACTLR: the bank's interrupt is enabled (CFEIE).</summary>
    public const int FaultInterrupt = 1;

    /// <summary>ACTLR: RCOSH, RCISH and RCNSH, which redirect cacheable accesses to the level 2 cache.</summary>
    public const int RedirectOuter = 4;

    /// <summary>ACTLR: what a TLB miss does (TLBMCFG): bits 13:12.</summary>
    public const int MissConfiguration = 12;

    /// <summary>ACTLR: what a V2P operation's miss does (V2PCFG): bits 17:16.</summary>
    public const int TranslateConfiguration = 16;

    /// <summary>TLBMCFG and V2PCFG: a miss walks the table.</summary>
    public const uint WalkOnMiss = 3;

    /// <summary>ACTLR: a fault stalls (CFCFG), else it is terminated.</summary>
    public const int FaultStalls = 14;

    /// <summary>CR: the clients' port is disabled (CLIENTPD).</summary>
    public const int ClientPortDisabled = 4;

    /// <summary>CR: nothing is stalled (STALLD).</summary>
    public const int StallDisabled = 5;

    /// <summary>CR: TLBLKCR may be written (TLBLKCRWE).</summary>
    public const int TlbLockWritable = 6;

    /// <summary>FSR and PAR: the fault is of the second level (SL).</summary>
    public const uint SecondLevel = 1u << 16;

    /// <summary>FSR: the transaction is stalled (SS).</summary>
    public const uint Stalled = 1u << 30;

    /// <summary>FSR and ESR: there were more (MULTI).</summary>
    public const uint Multiple = 1u << 31;

    /// <summary>PAR: the translation failed; the other bits are those of FSR.</summary>
    public const uint TranslationFailed = 1;

    /// <summary>PAR: without a failure, the page is 16 MiB.</summary>
    public const uint TranslatedSupersection = 1u << 1;

    /// <summary>What Linux writes to FSR after a fault.</summary>
    public const uint FaultClear = 0x4000_000f;

    /// <summary>Offset of a bank's page.</summary>
    public static ulong Bank(int number) => (ulong)number << 12;
}
