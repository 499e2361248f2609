namespace Emulator.Hardware.Iommus.QcomIommu;

/// <summary>Registers of a context bank: offsets in its page, and their fields. The global registers belong to firmware.</summary>
/// <remarks>Source: Linux 6.1 drivers/iommu/arm/arm-smmu/arm-smmu.h, ARM_SMMU_CB_*; the fields of FSYNR0 from 6.12.</remarks>
public static class QcomIommuRegisters
{
    /// <summary>SCTLR: [12] ASIDPNE, [8] HUPCF, [7] CFCFG, [6] CFIE, [5] CFRE, [4] E, [2] AFE, [1] TRE, [0] M.</summary>
    public const ulong Control = 0x000;

    /// <summary>ACTLR; untouched by Linux.</summary>
    public const ulong AuxiliaryControl = 0x004;

    /// <summary>RESUME: 0 tries the stalled transaction again, 1 terminates it.</summary>
    public const ulong Resume = 0x008;

    /// <summary>TCR2: [17:15] SEP, [4] AS (16-bit ASIDs), [2:0] PASize.</summary>
    public const ulong TranslationControl2 = 0x010;

    /// <summary>TTBR0, 64 bits: [63:48] ASID, [47:5] table.</summary>
    public const ulong TableBase0 = 0x020;

    /// <summary>TTBR1, 64 bits.</summary>
    public const ulong TableBase1 = 0x028;

    /// <summary>TCR: [31] EAE, [23] EPD1, [22] A1, [13:12] SH0, [11:10] ORGN0, [9:8] IRGN0, [7] EPD0, [2:0] T0SZ.</summary>
    public const ulong TranslationControl = 0x030;

    /// <summary>CONTEXTIDR; untouched by Linux.</summary>
    public const ulong ContextId = 0x034;

    /// <summary>MAIR0: memory attributes 0 to 3.</summary>
    public const ulong MemoryAttributes0 = 0x038;

    /// <summary>MAIR1: memory attributes 4 to 7.</summary>
    public const ulong MemoryAttributes1 = 0x03c;

    /// <summary>FSR: <see cref="QcomIommuFault"/> in [8:1], [30] SS, [31] MULTI; write one to clear.</summary>
    public const ulong FaultStatus = 0x058;

    /// <summary>FAR, 64 bits: the address of the fault.</summary>
    public const ulong FaultAddress = 0x060;

    /// <summary>FSYNR0: [23:16] bank, [10] PTWF, [6] IND, [5] PNU, [4] WNR, [1:0] PLVL.</summary>
    public const ulong FaultSyndrome0 = 0x068;

    /// <summary>FSYNR1.</summary>
    public const ulong FaultSyndrome1 = 0x06c;

    /// <summary>TLBIVA: [31:12] address, [7:0] ASID.</summary>
    public const ulong TlbiAddress = 0x600;

    /// <summary>TLBIASID: [15:0] ASID.</summary>
    public const ulong TlbiAsid = 0x610;

    /// <summary>TLBIVAL: as TLBIVA, last level alone.</summary>
    public const ulong TlbiAddressLast = 0x620;

    /// <summary>TLBSYNC: waits for the invalidations.</summary>
    public const ulong TlbSync = 0x7f0;

    /// <summary>TLBSTATUS: [0] active.</summary>
    public const ulong TlbStatus = 0x7f4;

    /// <summary>In the local registers: banks whose interrupt goes to the non-secure world, a bit each.</summary>
    public const ulong InterruptSelect = 0x2000;

    /// <summary>SCTLR: translate (M).</summary>
    public const uint Translate = 1 << 0;

    /// <summary>SCTLR: a fault raises the interrupt (CFIE).</summary>
    public const uint FaultInterrupt = 1 << 6;

    /// <summary>SCTLR: a fault stalls the transaction, else it terminates it (CFCFG).</summary>
    public const uint FaultStalls = 1 << 7;

    /// <summary>SCTLR: transactions behind a fault are processed, else they wait (HUPCF).</summary>
    public const uint HitUnderFault = 1 << 8;

    /// <summary>FSR: a transaction is stalled (SS).</summary>
    public const uint Stalled = 1u << 30;

    /// <summary>FSR: more faults came before it was cleared (MULTI).</summary>
    public const uint Multiple = 1u << 31;

    /// <summary>FSR: everything that Linux looks at and clears.</summary>
    public const uint AnyFault = Multiple | Stalled | 0x1fe;

    /// <summary>SCTLR as Linux enables a bank: M, TRE, AFE, CFRE, CFIE, CFCFG, ASIDPNE.</summary>
    public const uint LinuxControl = 0x10e7;

    /// <summary>TCR2 as Linux sets it: 40 bits of output, SEP upstream.</summary>
    public const uint LinuxTranslationControl2 = 0x0003_8002;

    /// <summary>TCR as Linux sets it: EAE, EPD1, SH0 outer, T0SZ 32 (of which the hardware reads 0).</summary>
    public const uint LinuxTranslationControl = 0x8080_2020;
}
