using System.Runtime.CompilerServices;

namespace Emulator.Hardware.PageTables.ArmShort;

/// <summary>Bits of the descriptors. Source: Arm DDI 0406C B3.5.1; MediaTek's address bits: Linux drivers/iommu/io-pgtable-arm-v7s.c.</summary>
/// <remarks>Level 1 has an entry per MiB: a table, a section, or sixteen equal entries of a supersection. Level 2 has one per 4 KiB: a small page, or sixteen of a large page.</remarks>
public static class ArmShortEntry
{
    /// <summary>Entries of one large page or supersection.</summary>
    public const int Repeats = 16;

    /// <summary>log2 of a level 1 entry's reach.</summary>
    public const int SectionShift = 20;

    /// <summary>log2 of a level 2 entry's reach.</summary>
    public const int SmallShift = 12;

    /// <summary>Bits of index of a level 2 table.</summary>
    public const int Level2Bits = 8;

    /// <summary>Bytes of a level 2 table.</summary>
    public const ulong Level2Bytes = 1024;

    /// <summary>The two type bits.</summary>
    public const uint TypeMask = 3;

    /// <summary>Type at level 1: a table.</summary>
    public const uint Table = 1;

    /// <summary>Type: a section or a small page.</summary>
    public const uint Page = 2;

    /// <summary>Type at level 2: a large page.</summary>
    public const uint LargePage = 1;

    /// <summary>Bufferable.</summary>
    public const uint Bufferable = 1u << 2;

    /// <summary>Cacheable.</summary>
    public const uint Cacheable = 1u << 3;

    /// <summary>A table that is not secure.</summary>
    public const uint NonSecureTable = 1u << 3;

    /// <summary>A section that is not secure.</summary>
    public const uint NonSecureSection = 1u << 19;

    /// <summary>A section that is part of a supersection.</summary>
    public const uint Supersection = 1u << 18;

    /// <summary>A large page: execute never.</summary>
    public const uint LargeExecuteNever = 1u << 15;

    /// <summary>The field of TEX of a small page; a large page has it six bits higher.</summary>
    public const uint SmallTexMask = 7u << 6;

    /// <summary>From <see cref="SmallTexMask"/> to a large page's.</summary>
    public const int LargeTexShift = 6;

    /// <summary>Where a table's address begins.</summary>
    public const uint TableMask = 0xffff_fc00;

    /// <summary>Attribute: the access flag (AP[0]).</summary>
    public const uint AccessFlag = 1u << 0;

    /// <summary>Attribute: unprivileged requests are allowed (AP[1]).</summary>
    public const uint Unprivileged = 1u << 1;

    /// <summary>Attribute: TEX.</summary>
    public const uint TexMask = 7u << 2;

    /// <summary>Attribute: TEX 1, normal memory.</summary>
    public const uint Tex1 = 1u << 2;

    /// <summary>Attribute: read only (AP[2]).</summary>
    public const uint ReadOnly = 1u << 5;

    /// <summary>Attribute: shareable.</summary>
    public const uint Shareable = 1u << 6;

    /// <summary>Attribute: not global.</summary>
    public const uint NotGlobal = 1u << 7;

    /// <summary>log2 of the reach of an entry.</summary>
    public static int Shift(int level) => level == 1 ? SectionShift : SmallShift;

    /// <summary>Where the attributes begin.</summary>
    public static int AttributeShift(int level) => level == 1 ? 10 : 4;

    /// <summary>Execute never of a section or small page.</summary>
    public static uint ExecuteNever(int level) => level == 1 ? 1u << 4 : 1u;

    /// <summary>Whether an entry is a table.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static bool IsTable(uint entry, int level) => level == 1 && (entry & TypeMask) == Table;

    /// <summary>Whether an entry is one of sixteen.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static bool IsRepeated(uint entry, int level) => level == 1 ? !IsTable(entry, 1) && (entry & Supersection) != 0 : (entry & Page) == 0;

    /// <summary>MediaTek: bits 34:32 of an address as an entry holds them.</summary>
    public static uint UpperBits(ulong address) => ((uint)(address >> 32) & 1) << 9 | ((uint)(address >> 33) & 1) << 4 | ((uint)(address >> 34) & 1) << 5;

    /// <summary>MediaTek: bits 34:32 of the address in an entry.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static ulong UpperAddress(uint entry) => ((ulong)(entry >> 9) & 1) << 32 | ((ulong)(entry >> 4) & 1) << 33 | ((ulong)(entry >> 5) & 1) << 34;

    /// <summary>A section or small page as each of the sixteen entries of a supersection or large page has it.</summary>
    internal static uint Repeat(uint entry, int level)
    {
        if (level == 1)
            return entry | Supersection;
        var (executeNever, tex) = (entry & ExecuteNever(2), entry & SmallTexMask);
        entry ^= executeNever | tex | Page;
        return entry | (executeNever << 15) | (tex << LargeTexShift) | LargePage;
    }

    /// <summary>The reverse of <see cref="Repeat"/>.</summary>
    internal static uint Single(uint entry, int level)
    {
        if (level == 1)
            return entry & ~Supersection;
        var (executeNever, tex) = (entry & LargeExecuteNever, entry & (SmallTexMask << LargeTexShift));
        entry ^= executeNever | tex | LargePage;
        return entry | (executeNever >> 15) | (tex >> LargeTexShift) | Page;
    }
}
