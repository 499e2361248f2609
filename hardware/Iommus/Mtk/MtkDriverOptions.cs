using Emulator.Hardware.Drivers;

namespace Emulator.Hardware.Iommus.Mtk;

/// <summary>What firmware says, and what else can vary in the driver.</summary>
public sealed record MtkDriverOptions
{
    /// <summary>Reads of CPE_DONE before a range invalidation is given up and everything invalidated; the kernel polls for 1 ms.</summary>
    public int PollLimit { get; init; } = 5;

    /// <summary>6.1, chips with 34 bits of address: the region of a device by firmware's dma-ranges, see <see cref="MtkRegion"/>. 6.12 has tables of ports.</summary>
    public Func<DmaDevice, uint> RegionOf { get; init; } = _ => 0;

    /// <summary>Whether a device is a PCI controller, which has a second port behind its own.</summary>
    public Func<DmaDevice, bool> IsPci { get; init; } = _ => false;
}
