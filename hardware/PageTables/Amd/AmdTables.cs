namespace Emulator.Hardware.PageTables.Amd;

/// <summary>What host (v1) and guest (v2) tables have in common: 4 KiB tables of 512 entries, bit 0 of an entry its presence. Levels are numbered
/// from 0, the lowest.</summary>
/// <remarks>Source: AMD 48882, I/O page tables; Linux 6.1 drivers/iommu/amd/amd_iommu_types.h, PM_*.</remarks>
internal static class AmdTables
{
    /// <summary>log2 of the smallest page.</summary>
    public const int PageShift = 12;

    /// <summary>Address bits that a level translates.</summary>
    public const int IndexBits = 9;

    /// <summary>Bit 0 of an entry: present.</summary>
    public const ulong Present = 1;

    /// <summary>Bits 51:12 of an entry: table or page.</summary>
    public const ulong AddressMask = 0x000f_ffff_ffff_f000;

    /// <summary>log2 of the bytes that an entry of a level covers.</summary>
    public static int Shift(int level) => PageShift + (IndexBits * level);

    /// <summary>The level whose entries cover 2^<paramref name="shift"/> bytes.</summary>
    public static int Level(int shift) => (shift - PageShift) / IndexBits;

    /// <summary>Address of the entry that an address selects.</summary>
    /// <param name="table">The table.</param>
    /// <param name="shift">log2 of the bytes that one of its entries covers.</param>
    /// <param name="iova">The address.</param>
    public static ulong Slot(ulong table, int shift, ulong iova) => table + (((iova >> shift) & 0x1ff) << 3);
}
