using Emulator.Hardware.Translation;

namespace Emulator.Hardware.Iommus.AmdVi;

/// <summary>One device table entry, 256 bits. Bit numbers in the documentation count over the whole entry.</summary>
/// <remarks>Source: AMD 48882, device table entry; Linux 6.1 drivers/iommu/amd/amd_iommu_types.h, DEV_ENTRY_* and DTE_*.</remarks>
/// <param name="Word0">Bits 63:0.</param>
/// <param name="Word1">Bits 127:64.</param>
/// <param name="Word2">Bits 191:128.</param>
/// <param name="Word3">Bits 255:192.</param>
public readonly record struct AmdViDeviceTableEntry(ulong Word0, ulong Word1, ulong Word2 = 0, ulong Word3 = 0)
{
    /// <summary>Bytes of an entry.</summary>
    public const ulong Size = 32;

    /// <summary>Bit 0, V.</summary>
    public const ulong ValidBit = 1;

    /// <summary>Bit 1, TV.</summary>
    public const ulong TranslationValidBit = 1 << 1;

    /// <summary>Bit 52, PPR, in word 0.</summary>
    public const ulong PageRequestBit = 1UL << 52;

    /// <summary>Bit 54, GIoV, in word 0.</summary>
    public const ulong GuestIoBit = 1UL << 54;

    /// <summary>Bit 55, GV, in word 0.</summary>
    public const ulong GuestValidBit = 1UL << 55;

    /// <summary>Bit 61, IR, in word 0.</summary>
    public const ulong ReadBit = 1UL << 61;

    /// <summary>Bit 62, IW, in word 0.</summary>
    public const ulong WriteBit = 1UL << 62;

    /// <summary>Bits 79:64, DomainID, in word 1.</summary>
    public const ulong DomainMask = 0xffff;

    /// <summary>Bit 96, I, in word 1.</summary>
    public const ulong AtsBit = 1UL << 32;

    /// <summary>Bit 128, IV, in word 2.</summary>
    public const ulong InterruptValidBit = 1;

    /// <summary>Bits 105:96 in word 1, which Linux keeps when it clears an entry (DTE_FLAG_MASK).</summary>
    public const ulong KeptMask = 0x3ffUL << 32;

    /// <summary>Shift of Mode, bits 11:9.</summary>
    public const int ModeShift = 9;

    /// <summary>Shift of GLX, bits 57:56.</summary>
    public const int GlxShift = 56;

    /// <summary>Shift of the guest paging mode in word 2, bits 183:182.</summary>
    public const int GuestPagingShift = 54;

    /// <summary>The bits of word 1 that hold parts of the GCR3 table's address.</summary>
    public const ulong Gcr3Mask1 = 0xffff_f800_ffff_0000;

    private const ulong AddressMask = 0x000f_ffff_ffff_f000;

    // Word 0: bits 6:2 and 63; word 2: bits 181:180.
    private const ulong Reserved0 = 0x8000_0000_0000_007c;
    private const ulong Reserved2 = 3UL << 52;

    /// <summary>V: the entry is valid; without it DMA is forwarded untranslated.</summary>
    public bool Valid => (Word0 & ValidBit) != 0;

    /// <summary>TV: the translation fields are valid.</summary>
    public bool TranslationValid => (Word0 & TranslationValidBit) != 0;

    /// <summary>Bits 11:9, Mode: 0 no host translation, 1 to 6 levels, 7 reserved.</summary>
    public int Mode => (int)(Word0 >> ModeShift) & 7;

    /// <summary>Bits 51:12: the host page table.</summary>
    public ulong Root => Word0 & AddressMask;

    /// <summary>GIoV: requests without PASID use PASID 0.</summary>
    public bool GuestIo => (Word0 & GuestIoBit) != 0;

    /// <summary>GV: guest translation.</summary>
    public bool GuestValid => (Word0 & GuestValidBit) != 0;

    /// <summary>Bits 57:56, GLX: levels of the GCR3 table minus 1.</summary>
    public int Glx => (int)(Word0 >> GlxShift) & 3;

    /// <summary>IR and IW.</summary>
    public PagePermissions Permissions => (PagePermissions)((Word0 >> 61) & 3);

    /// <summary>DomainID.</summary>
    public ushort DomainId => (ushort)Word1;

    /// <summary>Bits 60:58, 95:80, 127:107: the GCR3 table.</summary>
    public ulong Gcr3Root => (((Word0 >> 58) & 7) << 12) | (((Word1 >> 16) & 0xffff) << 15) | (((Word1 >> 43) & 0x1f_ffff) << 31);

    /// <summary>Levels of the guest page table: 4, or 5.</summary>
    public int GuestLevels => ((Word2 >> GuestPagingShift) & 3) == 1 ? 5 : 4;

    /// <summary>I: ATS requests are allowed.</summary>
    public bool AtsAllowed => (Word1 & AtsBit) != 0;

    /// <summary>Bit 97, SE: only the first page fault is logged.</summary>
    public bool SuppressRepeated => (Word1 & (1UL << 33)) != 0;

    /// <summary>Bit 98, SA: no page fault is logged.</summary>
    public bool SuppressAll => (Word1 & (1UL << 34)) != 0;

    /// <summary>Bit 103, EX: the exclusion range applies.</summary>
    public bool Exclusion => (Word1 & (1UL << 39)) != 0;

    /// <summary>Bits 105:104, SysMgt: what becomes of requests to the system management range.</summary>
    public int SystemManagement => (int)(Word1 >> 40) & 3;

    /// <summary>Whether a reserved bit is set.</summary>
    public bool HasReservedBits => (Word0 & Reserved0) != 0 || (Word2 & Reserved2) != 0;

    /// <summary>The parts of a GCR3 table's address for words 0 and 1.</summary>
    public static (ulong Word0, ulong Word1) EncodeGcr3(ulong table) =>
        (((table >> 12) & 7) << 58, (((table >> 15) & 0xffff) << 16) | (((table >> 31) & 0x1f_ffff) << 43));
}
