using Emulator.Hardware.Drivers;
using Emulator.Hardware.Translation;

namespace Emulator.Hardware.Iommus;

/// <summary>What can vary when a platform with one kind of IOMMU is built.</summary>
public sealed record PlatformOptions
{
    /// <summary>Whose driver sequences are followed.</summary>
    public KernelVersion Kernel { get; init; } = KernelVersion.Linux61;

    /// <summary>A variant that the room offers; null for its first.</summary>
    public string? Variant { get; init; }

    /// <summary>Size and shape of each IOTLB.</summary>
    public IotlbGeometry Iotlb { get; init; } = new();

    /// <summary>Bytes of RAM from address 0; a multiple of 2 MiB. Tables come from the top quarter.</summary>
    public ulong RamSize { get; init; } = 64UL << 30;
}
