using System.Runtime.CompilerServices;
using Emulator.Hardware.Translation;

namespace Emulator.Hardware.PageTables.Dart;

/// <summary>Where a DART generation keeps address and permission bits in its 64-bit table words. Bits of both: [63:52] subpage start,
/// [51:40] subpage end, [0] valid.</summary>
/// <remarks>Source: Linux 6.1 drivers/iommu/io-pgtable-dart.c:36-61. Permission bits are inverted: set means refused.</remarks>
/// <param name="OutputBits">Bits of output address.</param>
/// <param name="AddressMask">Bits of the word that hold the output address.</param>
/// <param name="AddressShift">How far the address is moved to the right in the word.</param>
/// <param name="NoRead">The device may not read.</param>
/// <param name="NoWrite">The device may not write.</param>
public readonly record struct DartFormat(int OutputBits, ulong AddressMask, int AddressShift, ulong NoRead, ulong NoWrite)
{
    /// <summary>The word is in use (bit 0), in tables and leaves alike.</summary>
    public const ulong Valid = 1;

    /// <summary>Bit 1: DART1 "subpage protection disabled"; DART2 "no cache". Linux sets it in every leaf of both.</summary>
    /// <remarks>Source: io-pgtable-dart.c, dart_init_pte; so IOMMU_CACHE makes no difference on DART2.</remarks>
    public const ulong SubpageProtectionDisabled = 2;

    /// <summary>Subpage start 0 and end 0xfff: the whole page is accessible.</summary>
    public const ulong WholePage = 0xfffUL << 40;

    /// <summary>t8103: 36 bits of address in place; NO_READ bit 8, NO_WRITE bit 7.</summary>
    public static DartFormat Dart1 => new(36, 0xf_ffff_f000, 0, 1 << 8, 1 << 7);

    /// <summary>t6000 and t8110: PA[41:14] in bits [37:10]; NO_READ bit 3, NO_WRITE bit 2.</summary>
    public static DartFormat Dart2 => new(42, 0x3f_ffff_fc00, 4, 1 << 3, 1 << 2);

    /// <summary>The address field of a word that points to <paramref name="address"/>; bits that the format has no room for are lost.</summary>
    public ulong EncodeAddress(ulong address) => (address >> AddressShift) & AddressMask;

    /// <summary>The address that a word points to.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public ulong DecodeAddress(ulong word) => (word & AddressMask) << AddressShift;

    /// <summary>A leaf's fields but its address.</summary>
    public ulong Leaf(Protection protection) =>
        WholePage | SubpageProtectionDisabled | Valid
        | ((protection & Protection.Read) == 0 ? NoRead : 0)
        | ((protection & Protection.Write) == 0 ? NoWrite : 0);

    /// <summary>What a leaf allows.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public PagePermissions Permissions(ulong leaf) =>
        ((leaf & NoRead) == 0 ? PagePermissions.Read : 0) | ((leaf & NoWrite) == 0 ? PagePermissions.Write : 0);
}
