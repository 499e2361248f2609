using System.Runtime.CompilerServices;

namespace Emulator.Hardware.PageTables.ArmLpae;

/// <summary>One 64-bit word of an LPAE table.</summary>
/// <remarks>Source: Arm ARM, VMSAv8-64 translation table format descriptors; Linux drivers/iommu/io-pgtable-arm.c, ARM_LPAE_PTE_*.</remarks>
/// <param name="Raw">The word.</param>
public readonly record struct ArmLpaeEntry(ulong Raw)
{
    /// <summary>Type of a block, and of a Mali page (bits 1:0).</summary>
    public const ulong TypeBlock = 1;

    /// <summary>Type of a table above the last level, of a page at the last level (bits 1:0).</summary>
    public const ulong TypeTableOrPage = 3;

    /// <summary>Address bits 47:12; with 64 KiB pages, bits 15:12 hold address bits 51:48.</summary>
    public const ulong AddressMask = 0x0000_ffff_ffff_f000;

    /// <summary>AttrIndx, bits 4:2 (stage 1): which attribute of MAIR.</summary>
    public const int AttributeIndexShift = 2;

    /// <summary>MemAttr, bits 5:2 (stage 2).</summary>
    public const int MemoryAttributesShift = 2;

    /// <summary>NS, bit 5 (stage 1).</summary>
    public const ulong NonSecure = 1UL << 5;

    /// <summary>AP[1], bit 6 (stage 1): unprivileged access allowed.</summary>
    public const ulong Unprivileged = 1UL << 6;

    /// <summary>AP[2], bit 7 (stage 1): read-only. With <see cref="DirtyModifier"/>: not yet written.</summary>
    public const ulong ReadOnly = 1UL << 7;

    /// <summary>S2AP[0], bit 6 (stage 2, Mali): read allowed.</summary>
    public const ulong Stage2Read = 1UL << 6;

    /// <summary>S2AP[1], bit 7 (stage 2, Mali): write allowed.</summary>
    public const ulong Stage2Write = 1UL << 7;

    /// <summary>SH, bits 9:8: outer shareable.</summary>
    public const ulong OuterShareable = 2UL << 8;

    /// <summary>SH, bits 9:8: inner shareable.</summary>
    public const ulong InnerShareable = 3UL << 8;

    /// <summary>AF, bit 10: the page may be used without an access-flag fault.</summary>
    public const ulong Accessed = 1UL << 10;

    /// <summary>nG, bit 11 (stage 1): belongs to one ASID.</summary>
    public const ulong NotGlobal = 1UL << 11;

    /// <summary>DBM, bit 51: the silicon clears <see cref="ReadOnly"/> at the first write.</summary>
    public const ulong DirtyModifier = 1UL << 51;

    /// <summary>PXN, bit 53: no privileged fetch.</summary>
    public const ulong PrivilegedNoExecute = 1UL << 53;

    /// <summary>XN or UXN, bit 54: no fetch (stage 1: no unprivileged fetch).</summary>
    public const ulong NoExecute = 1UL << 54;

    /// <summary>Bit 55, for software: the entry was cleaned to memory (walkers that are not coherent).</summary>
    public const ulong SoftwareSynced = 1UL << 55;

    /// <summary>XNTable, bit 60 (stage-1 tables): no fetch below.</summary>
    public const ulong TableNoExecute = 1UL << 60;

    /// <summary>APTable[0], bit 61 (stage-1 tables): no unprivileged access below.</summary>
    public const ulong TablePrivileged = 1UL << 61;

    /// <summary>APTable[1], bit 62 (stage-1 tables): no write below.</summary>
    public const ulong TableReadOnly = 1UL << 62;

    /// <summary>NSTable, bit 63 (stage-1 tables).</summary>
    public const ulong TableNonSecure = 1UL << 63;

    /// <summary>Bits 1:0.</summary>
    public ulong Type => Raw & 3;

    /// <summary>The output or table address of granules below 64 KiB.</summary>
    public ulong Address => Raw & AddressMask;

    /// <summary>The output or table address with 64 KiB pages.</summary>
    public ulong WideAddress => ((Raw & AddressMask) | ((Raw & AddressMask) << 36)) & (AddressMask << 4);

    /// <summary>Address bits as the word holds them. Of the bits that overlap, 51:48 or 15:12, one group is always zero.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static ulong Encode(ulong address) => (address | (address >> 36)) & AddressMask;
}
