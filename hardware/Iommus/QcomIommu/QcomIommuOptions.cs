using Emulator.Hardware.Translation;

namespace Emulator.Hardware.Iommus.QcomIommu;

/// <summary>What no source states.</summary>
public sealed record QcomIommuOptions
{
    /// <summary>Size and shape of the TLB, which all banks share.</summary>
    public IotlbGeometry Iotlb { get; init; } = new();

    /// <summary>[model] Transactions that can be stalled at once; beyond them a fault terminates.</summary>
    public int StallCapacity { get; init; } = 16;

    /// <summary>[model] The DMA of a secure bank that Linux cannot program passes untranslated; false: it is refused in silence.</summary>
    public bool SecureBankPasses { get; init; }
}
