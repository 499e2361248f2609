namespace Emulator.Hardware.Iommus.ArmSmmu;

/// <summary>Offsets of the registers of an SMMUv1 or SMMUv2. Those of page 1 and of context banks count from their page, see <see cref="ArmSmmuLayout"/>.</summary>
/// <remarks>Source: Arm IHI 0062; Linux 6.1 drivers/iommu/arm/arm-smmu/arm-smmu.h.</remarks>
public static class ArmSmmuRegisters
{
    /// <summary>sCR0: <see cref="GlobalControl"/>.</summary>
    public const ulong Control = 0x0;

    /// <summary>sACR: implementation defined; MMU-500: S2CRB_TLBEN 10, SMTNMB_TLBEN 8, CACHE_LOCK 26.</summary>
    public const ulong AuxiliaryControl = 0x10;

    /// <summary>ID0: stages, formats, streams.</summary>
    public const ulong Id0 = 0x20;

    /// <summary>ID1: pages and context banks.</summary>
    public const ulong Id1 = 0x24;

    /// <summary>ID2: address sizes and granules.</summary>
    public const ulong Id2 = 0x28;

    /// <summary>ID7: revision, MAJOR 7:4, MINOR 3:0.</summary>
    public const ulong Id7 = 0x3c;

    /// <summary>sGFAR, 64 bits: address of the recorded global fault.</summary>
    public const ulong GlobalFaultAddress = 0x40;

    /// <summary>sGFSR: the bits of <see cref="ArmSmmuFault"/> without <see cref="ArmSmmuFault.Global"/>, and MULTI 31; write 1 clears.</summary>
    public const ulong GlobalFaultStatus = 0x48;

    /// <summary>sGFSYNR0: WNR 1, PNU 2, IND 3, NSSTATE 4, NSATTR 5, ATS 6.</summary>
    public const ulong GlobalFaultSyndrome0 = 0x50;

    /// <summary>sGFSYNR1: StreamID 15:0, SSD index 31:16.</summary>
    public const ulong GlobalFaultSyndrome1 = 0x54;

    /// <summary>sGFSYNR2: implementation defined.</summary>
    public const ulong GlobalFaultSyndrome2 = 0x58;

    /// <summary>TLBIVMID: drops the translations of a VMID.</summary>
    public const ulong TlbiVmid = 0x64;

    /// <summary>TLBIALLNSNH: drops every non-secure, non-hypervisor translation.</summary>
    public const ulong TlbiAllNonHypervisor = 0x68;

    /// <summary>TLBIALLH: drops every hypervisor translation.</summary>
    public const ulong TlbiAllHypervisor = 0x6c;

    /// <summary>sTLBGSYNC: waits for the invalidations so far.</summary>
    public const ulong GlobalSync = 0x70;

    /// <summary>sTLBGSTATUS: GSACTIVE 0.</summary>
    public const ulong GlobalSyncStatus = 0x74;

    /// <summary>SMR0: <see cref="StreamMatchEntry"/>.</summary>
    public const ulong StreamMatch = 0x800;

    /// <summary>S2CR0: <see cref="StreamToContextEntry"/>.</summary>
    public const ulong StreamToContext = 0xc00;

    /// <summary>CBAR0, in page 1: <see cref="ContextBankAttributes"/>.</summary>
    public const ulong BankAttributes = 0x0;

    /// <summary>CBFRSYNRA0, in page 1: the faulting StreamID 15:0.</summary>
    public const ulong BankFaultStream = 0x400;

    /// <summary>CBA2R0, in page 1, SMMUv2: VMID16 31:16, VA64 0.</summary>
    public const ulong BankAttributes2 = 0x800;

    /// <summary>SCTLR: <see cref="ContextBankControl"/>.</summary>
    public const ulong BankControl = 0x0;

    /// <summary>ACTLR: implementation defined; MMU-500: CPRE 1, the next-page prefetcher.</summary>
    public const ulong BankAuxiliaryControl = 0x4;

    /// <summary>RESUME: 0 retries, 1 terminates what is stalled.</summary>
    public const ulong Resume = 0x8;

    /// <summary>TCR2, SMMUv2: SEP 17:15, AS 4, PASIZE 3:0.</summary>
    public const ulong TranslationControl2 = 0x10;

    /// <summary>TTBR0 or VTTBR, 64 bits: ASID 63:48, table 47:4.</summary>
    public const ulong TableBase0 = 0x20;

    /// <summary>TTBR1, 64 bits.</summary>
    public const ulong TableBase1 = 0x28;

    /// <summary>TCR: EAE 31, EPD1 23, A1 22, TG0 15:14, SH0 13:12, ORGN0 11:10, IRGN0 9:8, EPD0 7, T0SZ 5:0. VTCR: PS 18:16, SL0 7:6.</summary>
    public const ulong TranslationControl = 0x30;

    /// <summary>CONTEXTIDR.</summary>
    public const ulong ContextId = 0x34;

    /// <summary>MAIR0.</summary>
    public const ulong MemoryAttributes0 = 0x38;

    /// <summary>MAIR1.</summary>
    public const ulong MemoryAttributes1 = 0x3c;

    /// <summary>PAR, 64 bits: F 0, address 47:12 or the fault.</summary>
    public const ulong PhysicalAddress = 0x50;

    /// <summary>FSR: the bits of <see cref="ArmSmmuFault"/>, SS 30, MULTI 31; write 1 clears.</summary>
    public const ulong FaultStatus = 0x58;

    /// <summary>FAR, 64 bits.</summary>
    public const ulong FaultAddress = 0x60;

    /// <summary>FSYNR0: S1CBNDX 23:16, AFR 11, PTWF 10, NSATTR 8, IND 6, PNU 5, WNR 4, PLVL 1:0.</summary>
    public const ulong FaultSyndrome0 = 0x68;

    /// <summary>TLBIVA, 64 bits: address and ASID.</summary>
    public const ulong TlbiAddress = 0x600;

    /// <summary>TLBIASID.</summary>
    public const ulong TlbiAsid = 0x610;

    /// <summary>TLBIVAL, 64 bits: as TLBIVA, last level only.</summary>
    public const ulong TlbiAddressLast = 0x620;

    /// <summary>TLBIIPAS2, 64 bits: address bits 47:12 in 35:0.</summary>
    public const ulong TlbiIntermediate = 0x630;

    /// <summary>TLBIIPAS2L, 64 bits: last level only.</summary>
    public const ulong TlbiIntermediateLast = 0x638;

    /// <summary>TLBSYNC: waits for the bank's invalidations so far.</summary>
    public const ulong TlbSync = 0x7f0;

    /// <summary>TLBSTATUS: SACTIVE 0.</summary>
    public const ulong TlbStatus = 0x7f4;

    /// <summary>ATS1PR, 64 bits: translates an address at stage 1 as a privileged read; the answer is in PAR.</summary>
    public const ulong TranslateAddress = 0x800;

    /// <summary>ATSR: ACTIVE 0.</summary>
    public const ulong TranslateStatus = 0x8f0;

    /// <summary>MULTI, of sGFSR and FSR: more faults came before this one was cleared.</summary>
    public const uint Multiple = 1u << 31;

    /// <summary>SS, of FSR: requests are stalled.</summary>
    public const uint Stalled = 1u << 30;

    /// <summary>Every bit of FSR that means a fault.</summary>
    public const uint AnyFault = 0xc000_01fe;
}
