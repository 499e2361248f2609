using Emulator.Hardware.Translation;

namespace Emulator.Hardware.Iommus.IpmmuVmsa;

/// <summary>What varies between IPMMUs, and what no source states.</summary>
public sealed record IpmmuVmsaOptions
{
    /// <summary>Size and shape of all micro-TLBs of an instance together.</summary>
    public IotlbGeometry Iotlb { get; init; } = new();

    /// <summary>[model] Size and shape of a TLB in the root of Gen3 and Gen4, which misses of the leaves look up; null: every miss walks.</summary>
    public IotlbGeometry? RootIotlb { get; init; }

    /// <summary>[model] A micro-TLB that is enabled for a context that is not enabled passes addresses through, and the DMA is counted; false: it is refused in silence.</summary>
    public bool DisabledContextPasses { get; init; } = true;
}
