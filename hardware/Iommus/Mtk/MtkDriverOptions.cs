using Emulator.Hardware.Drivers;

namespace Emulator.Hardware.Iommus.Mtk;

/// <summary>What firmware says, and what else can vary in the driver.</summary>
public sealed record MtkDriverOptions
{
    /// <summary>Reads of CPE_DONE before a range invalidation is given up and everything invalidated; the kernel polls for 1 ms.</summary>
    public int PollLimit { get; init; } = 5;

    /// <summary>The region of a device on chips with 34 bits of address, 0 to 3: firmware's dma-ranges.</summary>
    public Func<DmaDevice, uint> RegionOf { get; init; } = _ => 0;

    /// <summary>Whether a device is a PCI controller, which has a second port behind its own.</summary>
    public Func<DmaDevice, bool> IsPci { get; init; } = _ => false;
}
