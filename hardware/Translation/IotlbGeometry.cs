namespace Emulator.Hardware.Translation;

/// <summary>Size and shape of an IOTLB. The defaults are a [model] choice: no manual states them.</summary>
public sealed record IotlbGeometry
{
    /// <summary>Sets; a power of two.</summary>
    public int Sets { get; init; } = 256;

    /// <summary>Ways of each set; at least 1.</summary>
    public int Ways { get; init; } = 4;

    /// <summary>No limit at all: everything is kept until it is invalidated. Shows every stale translation that software leaves possible.</summary>
    public bool Unbounded { get; init; }

    /// <summary>Nothing is kept: every DMA walks the tables.</summary>
    public bool Disabled { get; init; }

    /// <summary>An IOTLB that keeps nothing.</summary>
    public static IotlbGeometry WithoutCaching { get; } = new() { Disabled = true };

    /// <summary>An IOTLB without limit.</summary>
    public static IotlbGeometry WithoutLimit { get; } = new() { Unbounded = true };
}
