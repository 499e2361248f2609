namespace Emulator.Hardware.Iommus.Mtk;

/// <summary>Which ports send the addresses of one region, on chips with 34 bits of address. Source: Linux 6.12 drivers/iommu/mtk_iommu.c, the larb_region_msk tables.</summary>
/// <param name="Index">The region: 0 to 3 are of 4 GiB each, 4 and 5 are the two of 64 MiB inside region 2 that are kept for the camera's controllers.</param>
/// <param name="Larb">The larb.</param>
/// <param name="Ports">Its ports, a bit each.</param>
public readonly record struct MtkRegion(uint Index, int Larb, uint Ports = uint.MaxValue)
{
    private const ulong ControllerBase = 0x2_4000_0000;
    private const ulong ControllerBytes = 0x400_0000;

    /// <summary>Regions.</summary>
    public const uint Count = 6;

    /// <summary>First address of a region.</summary>
    public static ulong First(uint index) => index < 4 ? (ulong)index << 32 : ControllerBase + ((index - 4) * ControllerBytes);

    /// <summary>Bytes of a region.</summary>
    public static ulong Bytes(uint index) => index < 4 ? 1UL << 32 : ControllerBytes;

    internal static IEnumerable<MtkRegion> Of(uint index, params int[] larbs) => larbs.Select(larb => new MtkRegion(index, larb));
}
