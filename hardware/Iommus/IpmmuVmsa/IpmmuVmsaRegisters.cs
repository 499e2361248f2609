namespace Emulator.Hardware.Iommus.IpmmuVmsa;

/// <summary>Registers of the IPMMU, all 32 bits wide: offsets in a context and in a micro-TLB, which <see cref="IpmmuVmsaHardware"/> places, and their fields.</summary>
/// <remarks>Source: Linux 6.1 drivers/iommu/ipmmu-vmsa.c:97-177; the codes of IMSTR from the same file in Linux 4.4.</remarks>
public static class IpmmuVmsaRegisters
{
    /// <summary>IMCTR: [2] INTEN, [1] FLUSH (clears itself), [0] MMUEN.</summary>
    public const ulong Control = 0x00;

    /// <summary>IMTTBCR: [31] EAE long descriptors, [13:12] SH0, [11:10] ORGN0, [9:8] IRGN0, [7:6] or [5:4] SL0, [2:0] TSZ0.</summary>
    public const ulong TableControl = 0x08;

    /// <summary>IMBUSCR (Gen2): [2] DVM, [1:0] bus select.</summary>
    public const ulong BusControl = 0x0c;

    /// <summary>IMTTLBR0: [31:5] table address.</summary>
    public const ulong TableLow = 0x10;

    /// <summary>IMTTUBR0: [7:0] table address, bits 39:32.</summary>
    public const ulong TableHigh = 0x14;

    /// <summary>IMSTR: [13:12] level, [10:8] code, [4] MHIT, [2] ABORT, [1] PF, [0] TF. Writing zeroes clears.</summary>
    public const ulong Status = 0x20;

    /// <summary>IMMAIR0: four memory attributes, a byte each.</summary>
    public const ulong Attributes = 0x28;

    /// <summary>IMELAR: address of the fault; zero once IMSTR is clear.</summary>
    public const ulong FaultLow = 0x30;

    /// <summary>IMEUAR: the same, bits 63:32.</summary>
    public const ulong FaultHigh = 0x34;

    /// <summary>IMUCTR of a micro-TLB; see <see cref="IpmmuVmsa.MicroTlbControl"/>.</summary>
    public const ulong MicroTlbControl = 0x00;

    /// <summary>IMUASID of a micro-TLB: [7:0] ASID.</summary>
    public const ulong MicroTlbAsid = 0x08;

    /// <summary>IMCTR: translate.</summary>
    public const uint Enable = 1 << 0;

    /// <summary>IMCTR: drop what is cached of the context.</summary>
    public const uint Flush = 1 << 1;

    /// <summary>IMCTR: faults raise the interrupt.</summary>
    public const uint InterruptEnable = 1 << 2;

    /// <summary>IMTTBCR: long descriptors.</summary>
    public const uint LongDescriptors = 1u << 31;

    /// <summary>IMBUSCR: what Linux clears, DVM and bus select.</summary>
    public const uint BusControlMask = 7;

    /// <summary>IMSTR: translation fault (TF).</summary>
    public const uint TranslationFault = 1 << 0;

    /// <summary>IMSTR: permission fault (PF).</summary>
    public const uint PermissionFault = 1 << 1;

    /// <summary>IMSTR: a table could not be read (ABORT).</summary>
    public const uint WalkAbort = 1 << 2;

    /// <summary>IMSTR: two cached translations for one address (MHIT).</summary>
    public const uint MultipleHit = 1 << 4;

    /// <summary>IMSTR: every error.</summary>
    public const uint Errors = TranslationFault | PermissionFault | WalkAbort | MultipleHit;

    /// <summary>IMSTR code: the form of a table word.</summary>
    public const uint CodeFormat = 1 << 8;

    /// <summary>IMSTR code: access not permitted.</summary>
    public const uint CodeAccess = 4 << 8;

    /// <summary>IMSTR code: a secure access, a table word without its NS or NSTable bit.</summary>
    public const uint CodeSecure = 5 << 8;

    /// <summary>IMSTR: lowest bit of the level.</summary>
    public const int LevelShift = 12;

    /// <summary>IMCTR as Linux sets up a context.</summary>
    public const uint LinuxControl = InterruptEnable | Flush | Enable;

    /// <summary>IMMAIR0 as Linux sets it: non-cacheable, write-back, device.</summary>
    public const uint LinuxAttributes = 0xf404_ff44;
}
