namespace Emulator.Hardware.Iommus.S390;

/// <summary>Words of the I/O translation tables: region-third table, segment table, page table; all big-endian 64-bit words. An entry is valid unless
/// its invalid bit is set, so a page-table entry of all zeroes maps the frame at 0.</summary>
/// <remarks>Source: Linux 6.1 arch/s390/include/asm/pci_dma.h.</remarks>
public static class S390Format
{
    /// <summary>Bits of IOVA that tables with a region-third root translate.</summary>
    public const int InputBits = 42;

    /// <summary>Bytes of a page.</summary>
    public const ulong PageSize = 1UL << PageShift;

    /// <summary>log2 of a page: IOVA [19:12] index the page table.</summary>
    public const int PageShift = 12;

    /// <summary>log2 of what a segment-table entry spans, 1 MiB: IOVA [30:20] index the segment table.</summary>
    public const int SegmentShift = 20;

    /// <summary>log2 of what a region-third-table entry spans, 2 GiB: IOVA [41:31] index the region-third table.</summary>
    public const int RegionShift = 31;

    /// <summary>Entries of a region-third or segment table.</summary>
    public const int TableEntries = 2048;

    /// <summary>Entries of a page table.</summary>
    public const int PageTableEntries = 256;

    /// <summary>Bytes, and alignment, of a region-third or segment table.</summary>
    public const ulong TableSize = TableEntries * 8;

    /// <summary>Bytes, and alignment, of a page table.</summary>
    public const ulong PageTableSize = PageTableEntries * 8;

    /// <summary>Region-third entry, [63:14]: origin of the segment table.</summary>
    public const ulong SegmentTableOrigin = ~0x3fffUL;

    /// <summary>Segment entry, [63:11]: origin of the page table.</summary>
    public const ulong PageTableOrigin = ~0x7ffUL;

    /// <summary>Page-table entry, [63:12]: the frame.</summary>
    public const ulong Frame = ~0xfffUL;

    /// <summary>Region-third entry, [1:0]: table length; 3 is the full one.</summary>
    public const ulong FullLength = 3;

    /// <summary>Region-third entry, [7:6]: table offset; must be 0.</summary>
    public const ulong Offset = 0xc0;

    /// <summary>Region-third and segment entry, [3:2]: type of the table that the entry belongs to.</summary>
    public const ulong Type = 0xc;

    /// <summary>Type of a region-third entry.</summary>
    public const ulong RegionThirdType = 4;

    /// <summary>Type of a segment entry.</summary>
    public const ulong SegmentType = 0;

    /// <summary>Region-third and segment entry, [5]: invalid. An empty table holds nothing else.</summary>
    public const ulong Invalid = 0x20;

    /// <summary>Any entry, [9]: what lies below may not be written.</summary>
    public const ulong Protected = 0x200;

    /// <summary>Page-table entry, [10]: invalid. An empty page table holds nothing else.</summary>
    public const ulong PageInvalid = 0x400;

    /// <summary>IOTA, [11]: translation enabled.</summary>
    public const ulong TranslationEnabled = 0x800;

    /// <summary>IOTA, [4:2]: designation type; a region-third table.</summary>
    public const ulong RegionThirdDesignation = 1 << 2;

    /// <summary>IOTA, [63:12]: origin of the table.</summary>
    public const ulong TableOrigin = ~0xfffUL;

    /// <summary>The IOTA that Linux registers for a region-third table with 4 KiB frames (ZPCI_IOTA_RTTO_FLAG).</summary>
    public static ulong Iota(ulong regionThirdTable) => regionThirdTable | TranslationEnabled | RegionThirdDesignation;
}
