using Emulator.Hardware.Translation;

namespace Emulator.Hardware.Iommus.Msm;

/// <summary>What no source states.</summary>
public sealed record MsmOptions
{
    /// <summary>Size and shape of the TLB, which all banks share.</summary>
    public IotlbGeometry Iotlb { get; init; } = new();

    /// <summary>[model] Transactions that can be stalled at once; beyond them a fault terminates.</summary>
    public int StallCapacity { get; init; } = 16;

    /// <summary>[model] A miss walks only where TLBMCFG (for V2P operations V2PCFG) is 3, and is a TLB miss fault elsewhere; false: it walks always.</summary>
    public bool MissesObeyConfiguration { get; init; }

    /// <summary>[model] CR after reset.</summary>
    public uint ResetControl { get; init; }
}
