using Emulator.Hardware.Translation;

namespace Emulator.Hardware.Iommus.Sun50i;

/// <summary>What no source states of this silicon.</summary>
public sealed record Sun50iOptions
{
    /// <summary>Size and shape of the micro TLBs together, and of the macro TLB.</summary>
    public IotlbGeometry Iotlb { get; init; } = new();

    /// <summary>[model] The TLBs and the page-walk cache keep invalid words as well. Linux invalidates after every map as if they did
    /// (6.1 drivers/iommu/sun50i-iommu.c:333).</summary>
    public bool CachesInvalidWords { get; init; } = true;

    /// <summary>[model] After a fault the DMA of that master waits until its micro TLB is reset, which is what Linux's handler does; false: it goes on.</summary>
    public bool WaitsAfterFault { get; init; } = true;

    /// <summary>[model] BYPASS after reset.</summary>
    public uint ResetBypass { get; init; }

    /// <summary>[model] Requests of a master that wait at most, their answers included until these are taken; further ones are refused.</summary>
    public int WaitingRequests { get; init; } = 256;
}
