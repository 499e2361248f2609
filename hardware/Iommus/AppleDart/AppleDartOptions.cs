using Emulator.Hardware.Translation;

namespace Emulator.Hardware.Iommus.AppleDart;

/// <summary>What varies between DART instances, and what no source states.</summary>
public sealed record AppleDartOptions
{
    /// <summary>Size and shape of the TLB.</summary>
    public IotlbGeometry Iotlb { get; init; } = new();

    /// <summary>log2 of the page size, 12 or 14 (PARAMS1).</summary>
    public int PageShift { get; init; } = 14;

    /// <summary>Bypass is supported (PARAMS2).</summary>
    public bool BypassSupported { get; init; } = true;

    /// <summary>T8110: bits of input address (PARAMS3), up to 63.</summary>
    public int VirtualBits { get; init; } = 36;

    /// <summary>T8110: streams (PARAMS4), 1 to 256.</summary>
    public int T8110Streams { get; init; } = 16;

    /// <summary>[model] A DMA that the TCR refuses is recorded in ERROR, as "no TTBR"; false: dropped in silence.</summary>
    public bool RecordsBlockedStream { get; init; } = true;
}
