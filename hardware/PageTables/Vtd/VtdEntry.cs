namespace Emulator.Hardware.PageTables.Vtd;

/// <summary>One 64-bit entry of a VT-d table, second or first level.</summary>
/// <param name="Raw">The word in memory.</param>
/// <remarks>Source: Linux 6.1 drivers/iommu/intel/iommu.h, DMA_PTE_* and DMA_FL_PTE_*.</remarks>
public readonly record struct VtdEntry(ulong Raw)
{
    /// <summary>Entries of a table.</summary>
    public const int PerTable = 512;

    /// <summary>log2 of the entries of a table.</summary>
    public const int IndexBits = 9;

    /// <summary>log2 of the bytes of the smallest page.</summary>
    public const int PageShift = 12;

    /// <summary>Bytes of a table.</summary>
    public const ulong TableSize = 4096;

    /// <summary>Second level: reads are allowed. First level: present.</summary>
    public const ulong Read = 1UL << 0;

    /// <summary>Writes are allowed.</summary>
    public const ulong Write = 1UL << 1;

    /// <summary>First level: user mode may access (US).</summary>
    public const ulong User = 1UL << 2;

    /// <summary>First level: accessed (A).</summary>
    public const ulong Accessed = 1UL << 5;

    /// <summary>First level: dirty (D).</summary>
    public const ulong Dirty = 1UL << 6;

    /// <summary>A page of 2 MiB or 1 GiB in place of a table (PS).</summary>
    public const ulong LargePage = 1UL << 7;

    /// <summary>Second level: snoop the processor caches (SNP).</summary>
    public const ulong Snoop = 1UL << 11;

    /// <summary>First level: no instruction fetch (XD).</summary>
    public const ulong ExecuteDisable = 1UL << 63;

    /// <summary>Bits of the address: 51:12.</summary>
    public const ulong AddressMask = 0x000f_ffff_ffff_f000;

    /// <summary>Whether software takes it for present: bit 0 or 1.</summary>
    public bool IsPresent => (Raw & (Read | Write)) != 0;

    /// <summary>Whether bit 7 makes it a large page.</summary>
    public bool IsLargePage => (Raw & LargePage) != 0;

    /// <summary>The table or page that it points to.</summary>
    public ulong Address => Raw & AddressMask;

    /// <summary>log2 of the bytes that an entry of a level covers; level 1 is the 4 KiB page.</summary>
    public static int Shift(int level) => PageShift + ((level - 1) * IndexBits);

    /// <summary>The level whose entries cover 2^<paramref name="shift"/> bytes.</summary>
    internal static int Level(int shift) => ((shift - PageShift) / IndexBits) + 1;

    /// <summary>Where a table whose entries cover 2^<paramref name="shift"/> bytes has the entry of an address.</summary>
    internal static ulong SlotAt(ulong table, ulong iova, int shift) => table + (((iova >> shift) & (PerTable - 1)) << 3);

    /// <summary>Pages of 4 KiB that an entry of a level covers.</summary>
    internal static ulong Frames(int level) => 1UL << ((level - 1) * 9);

    /// <summary>Where a table of a level has the entry of a page number.</summary>
    internal static ulong Slot(ulong table, ulong frame, int level) => table + (((frame >> ((level - 1) * 9)) & (PerTable - 1)) * 8);

    /// <summary>Whether an entry is the first of a table.</summary>
    internal static bool IsFirstOfTable(ulong slot) => (slot & (TableSize - 1)) == 0;
}
