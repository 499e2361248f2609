namespace Emulator.Hardware.Devices;

/// <summary>A rank of a collective: every device of the host that runs this program is one. Data are read from a rank's memory, cross a link, and are written to another rank's memory, each through its
/// own mappings.</summary>
public sealed record CollectiveProgram : DeviceProgram
{
    /// <summary>What the ranks do.</summary>
    public CollectiveAlgorithm Algorithm { get; init; } = CollectiveAlgorithm.AllReduce;

    /// <summary>Bytes of each rank's data, 4 KiB to 64 MiB.</summary>
    public int DataSize { get; init; } = 1 << 20;

    /// <summary>How often they do it, at least 1.</summary>
    public int Iterations { get; init; } = 4;

    /// <summary>The link's latency, in nanoseconds. [model]</summary>
    public double LinkLatency { get; init; } = 1_000;

    /// <summary>A rank's rate on the link, in bytes a nanosecond. [model]</summary>
    public double LinkRate { get; init; } = 25;

    /// <inheritdoc/>
    public override string Kind => "collective";

    /// <inheritdoc/>
    public override string Operation => "iteration of a rank";

    /// <inheritdoc/>
    public override ulong Pages(ulong pageSize) => 2 * PagesOf(DataSize, pageSize);

    /// <inheritdoc/>
    public override void Validate()
    {
        base.Validate();
        Check("data size", DataSize, 4096, 64 << 20);
        Check("iterations", Iterations, 1, int.MaxValue);
        if (!(LinkLatency is >= 0 and <= 1e9) || !(LinkRate is > 0 and <= 1e6))
            throw new ArgumentException($"a link of {LinkLatency} ns and {LinkRate} bytes/ns is outside 0 to 1 s and 0 to 1000000 bytes/ns");
    }

    /// <inheritdoc/>
    public override DeviceAgent Create(DeviceContext context) => new CollectiveAgent(this, context);
}
