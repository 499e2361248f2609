namespace Emulator.Hardware.Drivers;

/// <summary>The input addresses that a domain can map. Source: Linux include/linux/iommu.h, struct iommu_domain_geometry.</summary>
/// <param name="First">First address (aperture_start).</param>
/// <param name="Last">Last address (aperture_end).</param>
public readonly record struct DomainGeometry(ulong First, ulong Last)
{
    /// <summary>Every address.</summary>
    public static DomainGeometry All { get; } = new(0, ulong.MaxValue);

    /// <summary>All addresses of a width.</summary>
    /// <param name="bits">1 to 64.</param>
    public static DomainGeometry OfBits(int bits) => new(0, ulong.MaxValue >> (64 - bits));

    /// <summary>Whether the domain can map an address.</summary>
    public bool Contains(ulong address) => address >= First && address <= Last;
}
