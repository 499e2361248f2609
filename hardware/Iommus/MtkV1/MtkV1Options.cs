using Emulator.Hardware.Translation;

namespace Emulator.Hardware.Iommus.MtkV1;

/// <summary>What can vary between instances.</summary>
public sealed record MtkV1Options
{
    /// <summary>Size and shape of the TLB. The hardware has two; they are one here.</summary>
    public IotlbGeometry Iotlb { get; init; } = new();
}
