using System.Runtime.CompilerServices;
using Emulator.Hardware.PageTables;
using Emulator.Hardware.Translation;

namespace Emulator.Hardware.Iommus.TegraSmmu;

/// <summary>Words of the SMMU's tables, 32 bits, little endian: [31] readable, [30] writable, [29] non-secure, low bits PA>>12. There is no valid bit.
/// SMMU_PTB_DATA has the same shape.</summary>
/// <remarks>Source: Linux drivers/iommu/tegra-smmu.c, SMMU_PD_*, SMMU_PDE_*, SMMU_PTE_*.</remarks>
public static class TegraSmmuEntry
{
    /// <summary>The device may read.</summary>
    public const uint Readable = 1u << 31;

    /// <summary>The device may write.</summary>
    public const uint Writable = 1u << 30;

    /// <summary>Non-secure accesses are allowed.</summary>
    public const uint NonSecure = 1u << 29;

    /// <summary>Page directory: the entry points to a table; without it, it is a leaf of 4 MiB.</summary>
    public const uint Next = 1u << 28;

    /// <summary>Attributes that Linux gives every directory and every table.</summary>
    public const uint TableAttributes = Readable | Writable | NonSecure;

    /// <summary>Entries of a directory and of a table.</summary>
    public const int Entries = 1024;

    /// <summary>Bytes of a directory and of a table.</summary>
    public const ulong TableBytes = 4096;

    /// <summary>log2 of a page.</summary>
    public const int PageShift = 12;

    /// <summary>log2 of a section, what one page directory entry translates.</summary>
    public const int SectionShift = 22;

    /// <summary>A leaf. An address beyond the entry's field runs into the attributes, as in the kernel.</summary>
    public static uint Leaf(ulong physical, Protection protection) =>
        (uint)(physical >> PageShift) | NonSecure
        | ((protection & Protection.Read) != 0 ? Readable : 0)
        | ((protection & Protection.Write) != 0 ? Writable : 0);

    /// <summary>The address in a word.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static ulong Address(uint word, int addressBits) => (word & ((1UL << (addressBits - PageShift)) - 1)) << PageShift;

    /// <summary>What a word allows.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static PagePermissions Permissions(uint word) =>
        ((word & Readable) != 0 ? PagePermissions.Read : 0) | ((word & Writable) != 0 ? PagePermissions.Write : 0);
}
