using System.Runtime.CompilerServices;
using Emulator.Hardware.Drivers;
using Emulator.Hardware.PageTables;
using Emulator.Hardware.Translation;

namespace Emulator.Hardware.Iommus.Rockchip;

/// <summary>A version of the IOMMU: how its 32-bit table words and DTE_ADDR hold addresses. Common to both: [31:12] address bits 31:12, [2] writable, [1] readable, [0] valid.</summary>
/// <remarks>Source: Linux 6.12 drivers/iommu/rockchip-iommu.c, rk_mk_dte, rk_mk_dte_v2, rk_mk_pte, rk_mk_pte_v2. v1 keeps cache attributes in [8:3] of a leaf, v2 a
/// security bit in [3]; Linux sets neither.</remarks>
/// <param name="Name">The variant's name.</param>
/// <param name="OutputBits">Bits of output address: 32, or 40 with bits 35:32 at [11:8] and bits 39:36 at [7:4] of the word.</param>
public sealed record RockchipHardware(string Name, int OutputBits)
{
    /// <summary>Bit 0 of directory entries and leaves: valid. Software tests this bit and no other.</summary>
    public const uint Valid = 1 << 0;

    /// <summary>Leaf: the device may read.</summary>
    public const uint Readable = 1 << 1;

    /// <summary>Leaf: the device may write.</summary>
    public const uint Writable = 1 << 2;

    /// <summary>"rockchip,iommu": rk3066 to rk3399.</summary>
    public static RockchipHardware V1 { get; } = new("v1", 32);

    /// <summary>"rockchip,rk3568-iommu": rk356x, rk3588.</summary>
    public static RockchipHardware V2 { get; } = new("v2", 40);

    /// <summary>Both.</summary>
    public static IReadOnlyList<RockchipHardware> All { get; } = [V1, V2];

    /// <summary>Bits of DTE_ADDR that are stored.</summary>
    public uint DirectoryMask => IsWide ? 0xffff_fff0 : 0xffff_f000;

    private bool IsWide => OutputBits > 32;

    /// <summary>The address field of a word that points to <paramref name="address"/>; bits that it has no room for are lost.</summary>
    public uint EncodeAddress(ulong address)
    {
        var word = (uint)address & 0xffff_f000;
        return IsWide ? word | ((uint)(address >> 24) & 0xf00) | ((uint)(address >> 32) & 0xf0) : word;
    }

    /// <summary>The address that a word points to.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public ulong DecodeAddress(uint word)
    {
        var address = (ulong)word & 0xffff_f000;
        return IsWide ? address | ((ulong)(word & 0xf00) << 24) | ((ulong)(word & 0xf0) << 32) : address;
    }

    /// <summary>A leaf.</summary>
    public uint Leaf(ulong address, Protection protection) =>
        EncodeAddress(address) | Valid | ((protection & Protection.Read) != 0 ? Readable : 0) | ((protection & Protection.Write) != 0 ? Writable : 0);

    /// <summary>What a leaf allows.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static PagePermissions Permissions(uint leaf) =>
        ((leaf & Readable) != 0 ? PagePermissions.Read : 0) | ((leaf & Writable) != 0 ? PagePermissions.Write : 0);

    /// <summary>Bits of address that a kernel's tables lie within: 6.1 asks for memory below 4 GiB (GFP_DMA32, :731, :1058), 6.12 for v1 only.</summary>
    public int TableBits(KernelVersion kernel) => kernel == KernelVersion.Linux61 ? 32 : OutputBits;
}
