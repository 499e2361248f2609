namespace Emulator.Hardware.Iommus.Omap;

/// <summary>What no source states of the silicon.</summary>
public sealed record OmapOptions
{
    /// <summary>The TLB keeps what walks find; false: every DMA walks, and only what software loads is kept.</summary>
    public bool CachesWalks { get; init; } = true;

    /// <summary>[model] Requests that a stalled master has outstanding at most, at least 1; the interconnect fails those beyond it.</summary>
    public int OutstandingRequests { get; init; } = 16;

    /// <summary>REVISION: [7:4] major, [3:0] minor.</summary>
    public uint Revision { get; init; } = 0x21;
}
