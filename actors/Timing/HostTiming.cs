using Emulator.Hardware.Timing;

namespace Emulator.Actors.Timing;

/// <summary>What a host's hardware takes in virtual time.</summary>
public sealed record HostTiming
{
    /// <summary>Its IOMMU and the kernel that programs it.</summary>
    public IommuTiming Iommu { get; init; } = new();

    /// <summary>Each device and its link.</summary>
    public DeviceTiming Device { get; init; } = new();

    /// <summary>Checks the limits.</summary>
    /// <exception cref="ArgumentException">A value is outside its limits; the message names it.</exception>
    public void Validate()
    {
        Iommu.Validate();
        Device.Validate();
    }
}
