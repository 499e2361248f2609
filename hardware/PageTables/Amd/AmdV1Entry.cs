using System.Numerics;
using Emulator.Hardware.Translation;

namespace Emulator.Hardware.PageTables.Amd;

/// <summary>One entry of an AMD host (v1) page table.</summary>
/// <remarks>Source: Linux 6.1 drivers/iommu/amd/amd_iommu_types.h, IOMMU_PTE_* and PM_*; AMD 48882.</remarks>
/// <param name="Raw">The 64-bit word.</param>
public readonly record struct AmdV1Entry(ulong Raw)
{
    /// <summary>Bits 51:12.</summary>
    public const ulong AddressMask = AmdTables.AddressMask;

    /// <summary>Bits 58:52, which no kind of entry uses.</summary>
    public const ulong ReservedMask = 0x07f0_0000_0000_0000;

    /// <summary>NextLevel of a leaf whose page size is encoded in its address.</summary>
    public const int SizedLeaf = 7;

    private const int NextLevelShift = 9;
    private const ulong ForceCoherentBit = 1UL << 60;
    private const ulong ReadBit = 1UL << 61;
    private const ulong WriteBit = 1UL << 62;

    /// <summary>Bit 0, PR: the entry is present.</summary>
    public bool Present => (Raw & AmdTables.Present) != 0;

    /// <summary>Bits 11:9: 0 a leaf of the level's own page size, 1 to 6 the level of the table pointed to (1 is the lowest), 7 a leaf with an encoded size.</summary>
    public int NextLevel => (int)(Raw >> NextLevelShift) & 7;

    /// <summary>Bits 51:12: table or page; in a sized leaf the low bits encode the size.</summary>
    public ulong Address => Raw & AddressMask;

    /// <summary>Bit 60, FC: the DMA snoops.</summary>
    public bool ForceCoherent => (Raw & ForceCoherentBit) != 0;

    /// <summary>Bits 61 and 62, IR and IW.</summary>
    public PagePermissions Permissions => (PagePermissions)((Raw >> 61) & 3);

    /// <summary>log2 of the page size of a sized leaf: 1 + the first zero bit from bit 12.</summary>
    public int EncodedShift => 1 + BitOperations.TrailingZeroCount(~(Raw | 0xfff));

    /// <summary>An entry that points to a table.</summary>
    /// <param name="address">The table.</param>
    /// <param name="level">Its level, 1 to 6.</param>
    public static AmdV1Entry Table(ulong address, int level) => new(address | ((ulong)level << NextLevelShift) | AmdTables.Present | ReadBit | WriteBit);

    /// <summary>A leaf.</summary>
    /// <param name="address">The page.</param>
    /// <param name="pageSize">Its size in bytes.</param>
    /// <param name="sized">Whether the size is encoded, because it lies between those of two levels.</param>
    /// <param name="protection">What is allowed.</param>
    public static AmdV1Entry Leaf(ulong address, ulong pageSize, bool sized, Protection protection)
    {
        var raw = sized ? ((address | (pageSize - 1)) & ~(pageSize >> 1) & AddressMask) | ((ulong)SizedLeaf << NextLevelShift) : address;
        raw |= AmdTables.Present | ForceCoherentBit;
        if ((protection & Protection.Read) != 0)
            raw |= ReadBit;
        if ((protection & Protection.Write) != 0)
            raw |= WriteBit;
        return new AmdV1Entry(raw);
    }
}
