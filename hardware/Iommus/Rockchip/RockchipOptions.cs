using Emulator.Hardware.Translation;

namespace Emulator.Hardware.Iommus.Rockchip;

/// <summary>What no source states of a bank.</summary>
public sealed record RockchipOptions
{
    /// <summary>Size and shape of the TLB.</summary>
    public IotlbGeometry Iotlb { get; init; } = new();

    /// <summary>[model] Requests that a bank holds while it is stalled, 1 to 65536; further ones are refused and counted. On the real bus they would wait.</summary>
    public int HeldRequests { get; init; } = 64;

    /// <summary>[model] A stall holds DMA even while paging is off; false: DMA then passes untranslated.</summary>
    public bool StallHoldsUntranslated { get; init; } = true;
}
