using Emulator.Hardware.Translation;

namespace Emulator.Hardware.Iommus.Mtk;

/// <summary>What can vary between instances.</summary>
public sealed record MtkOptions
{
    /// <summary>Size and shape of the TLB. The mmus' TLBs are one here.</summary>
    public IotlbGeometry Iotlb { get; init; } = new();

    /// <summary>Whether the DRAM is remapped for 4 GiB; chips with that mode only.</summary>
    public bool FourGigabyteMode { get; init; }
}
