using Emulator.Hardware.Translation;

namespace Emulator.Hardware.Iommus.Msm;

/// <summary>What can vary between instances.</summary>
public sealed record MsmOptions
{
    /// <summary>Size and shape of the TLB.</summary>
    public IotlbGeometry Iotlb { get; init; } = new();

    /// <summary>Context banks, 1 to 128: property qcom,ncb.</summary>
    public int Banks { get; init; } = 3;
}
