using Emulator.Hardware.Translation;

namespace Emulator.Hardware.Iommus.TegraSmmu;

/// <summary>What no source states about the silicon.</summary>
public sealed record TegraSmmuOptions
{
    /// <summary>[model] Size and shape of the TLB.</summary>
    public IotlbGeometry Iotlb { get; init; } = new();

    /// <summary>[model] Atoms that the page-table cache keeps at most. An IOTLB without limit has a cache without limit, a disabled one has none.</summary>
    public int PtcAtoms { get; init; } = 64;

    /// <summary>[model] While MC_INTSTATUS shows a fault, MC_ERR_STATUS keeps its record; false: each fault overwrites it.</summary>
    public bool KeepsFirstFault { get; init; } = true;
}
