namespace Emulator.Hardware.Iommus.S390;

/// <summary>What varies around the driver.</summary>
public sealed record S390DriverOptions
{
    /// <summary>Kernel parameter s390_iommu=strict. 6.1: the DMA API refreshes at each unmap; else addresses wait until the allocator wraps. In 6.12 it only chooses
    /// which default domains the core makes.</summary>
    public bool Strict { get; init; }

    /// <summary>Bytes of IOVA that a function gets at most: the size of memory times s390_iommu_aperture.</summary>
    public ulong Aperture { get; init; } = ulong.MaxValue;

    /// <summary>The device's own driver has error handlers and wants to recover; without them an error event is not answered.</summary>
    public bool DeviceRecovers { get; init; } = true;
}
