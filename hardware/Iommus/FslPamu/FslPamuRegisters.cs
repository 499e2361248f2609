namespace Emulator.Hardware.Iommus.FslPamu;

/// <summary>Registers of a PAMU and their bits. Source: Linux drivers/iommu/fsl_pamu.h, include/linux/fsl/guts.h. The silicon is big-endian; values here are numbers.</summary>
public static class FslPamuRegisters
{
    /// <summary>Bytes of one PAMU's page, and behind it, in the first one's window, the page of the global utilities.</summary>
    public const ulong WindowSize = 0x2000;

    /// <summary>Where the first PAMU's window shows the chip's global utilities, a device of their own.</summary>
    public const ulong GlobalUtilities = 0x1000;

    /// <summary>First of the twelve words of table bases and limits: primary, secondary, operation mapping; high word first.</summary>
    public const ulong TableBases = 0x000;

    /// <summary>PPBAH: primary table's base, bits 35:32.</summary>
    public const ulong PrimaryBaseHigh = 0x000;

    /// <summary>PPBAL.</summary>
    public const ulong PrimaryBaseLow = 0x004;

    /// <summary>PPLAH: primary table's limit.</summary>
    public const ulong PrimaryLimitHigh = 0x008;

    /// <summary>PPLAL.</summary>
    public const ulong PrimaryLimitLow = 0x00c;

    /// <summary>POES1, then POES2, POEAH, POEAL: operation errors, and the address of the PAACE involved.</summary>
    public const ulong OperationErrorStatus = 0x040;

    /// <summary>POEAH.</summary>
    public const ulong OperationErrorAddressHigh = 0x048;

    /// <summary>POEAL.</summary>
    public const ulong OperationErrorAddressLow = 0x04c;

    /// <summary>AVS1: access violation, see <see cref="FslPamuViolation"/>; [31:16] the LIODN.</summary>
    public const ulong ViolationStatus = 0x050;

    /// <summary>AVS2: attributes of the access.</summary>
    public const ulong ViolationAttributes = 0x054;

    /// <summary>AVAH: the address.</summary>
    public const ulong ViolationAddressHigh = 0x058;

    /// <summary>AVAL.</summary>
    public const ulong ViolationAddressLow = 0x05c;

    /// <summary>UDAD.</summary>
    public const ulong UndefinedAccess = 0x090;

    /// <summary>PC3: [24:21] MWCE.</summary>
    public const ulong Capabilities3 = 0xc08;

    /// <summary>PC: see <see cref="Enable"/> and <see cref="GateClosed"/>.</summary>
    public const ulong Control = 0xc10;

    /// <summary>PICS: [3] violation status, [2] violation interrupt enable.</summary>
    public const ulong InterruptControl = 0xc1c;

    /// <summary>Global utilities' pamubypenr: bit 31 - n, PAMU n is bypassed.</summary>
    public const ulong BypassEnable = 0x604;

    /// <summary>PC: on.</summary>
    public const uint Enable = 1u << 30;

    /// <summary>PC: everything is refused.</summary>
    public const uint GateClosed = 1u << 31;

    /// <summary>PC as Linux writes it: on, gate open, operation cache and both PAACE caches on.</summary>
    public const uint ControlValue = 0x4000_1011;

    /// <summary>PICS: a violation is recorded; write 1 to clear.</summary>
    public const uint ViolationPending = 1u << 3;

    /// <summary>PICS: violations interrupt.</summary>
    public const uint ViolationInterruptEnable = 1u << 2;

    /// <summary>AVS1: the bits that are cleared by writing ones (PAMU_AV_MASK).</summary>
    public const uint ViolationMask = 0x7fff;
}
