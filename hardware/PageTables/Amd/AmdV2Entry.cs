namespace Emulator.Hardware.PageTables.Amd;

/// <summary>One entry of an AMD guest (v2) page table: the x86 format.</summary>
/// <remarks>Source: Linux 6.1 drivers/iommu/amd/io_pgtable_v2.c, IOMMU_PAGE_*.</remarks>
/// <param name="Raw">The 64-bit word.</param>
public readonly record struct AmdV2Entry(ulong Raw)
{
    /// <summary>Bits 51:12.</summary>
    public const ulong AddressMask = AmdTables.AddressMask;

    private const ulong WriteBit = 1 << 1;
    private const ulong UserBit = 1 << 2;
    private const ulong AccessedBit = 1 << 5;
    private const ulong DirtyBit = 1 << 6;
    private const ulong LargeBit = 1 << 7;
    private const ulong NoExecuteBit = 1UL << 63;

    /// <summary>Bit 0: present. A present entry is readable.</summary>
    public bool Present => (Raw & AmdTables.Present) != 0;

    /// <summary>Bit 1, RW: writable.</summary>
    public bool Writable => (Raw & WriteBit) != 0;

    /// <summary>Bit 2, US: user requests are allowed.</summary>
    public bool User => (Raw & UserBit) != 0;

    /// <summary>Bit 7, PS: a leaf above the lowest level.</summary>
    public bool Large => (Raw & LargeBit) != 0;

    /// <summary>Whether it points to a table: present, and not large.</summary>
    public bool IsTable => (Raw & (AmdTables.Present | LargeBit)) == AmdTables.Present;

    /// <summary>Bit 63, NX: no instruction fetch.</summary>
    public bool NoExecute => (Raw & NoExecuteBit) != 0;

    /// <summary>Bits 51:12: table or page.</summary>
    public ulong Address => Raw & AddressMask;

    /// <summary>An entry that points to a table.</summary>
    public static AmdV2Entry Table(ulong address) => new(address | AmdTables.Present | WriteBit | UserBit | AccessedBit);

    /// <summary>A leaf.</summary>
    /// <param name="address">The page.</param>
    /// <param name="large">Whether it is larger than 4 KiB.</param>
    /// <param name="protection">What is allowed; reading always is.</param>
    public static AmdV2Entry Leaf(ulong address, bool large, Protection protection) => new(
        (address & AddressMask) | AmdTables.Present | UserBit | AccessedBit | DirtyBit
        | ((protection & Protection.Write) != 0 ? WriteBit : 0) | (large ? LargeBit : 0));
}
