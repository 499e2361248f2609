namespace Emulator.Hardware.Devices;

/// <summary>A GPU whose copy engine moves large buffers: one copy after the other in each direction.</summary>
public sealed record GpuCopyProgram : DeviceProgram
{
    /// <summary>Copies in each direction, at least 1.</summary>
    public long Copies { get; init; } = 16;

    /// <summary>Bytes of a copy, 4 KiB to 128 MiB.</summary>
    public int CopySize { get; init; } = 4 << 20;

    /// <summary>Whether copies go from memory to the device.</summary>
    public bool ToDevice { get; init; } = true;

    /// <summary>Whether copies go from the device to memory.</summary>
    public bool FromDevice { get; init; } = true;

    /// <summary>Whether each copy maps its buffer and unmaps it again; else buffers are pinned and mapped once.</summary>
    public bool MapsEachCopy { get; init; }

    /// <summary>What a CPU does for a copy besides the DMA API, in nanoseconds. [model]</summary>
    public double CpuPerCopy { get; init; } = 5_000;

    /// <inheritdoc/>
    public override string Kind => "gpu-copy";

    /// <inheritdoc/>
    public override string Operation => "copy";

    /// <inheritdoc/>
    public override ulong Pages(ulong pageSize) => PagesOf(CopySize, pageSize) * (ToDevice && FromDevice ? 2u : 1u);

    /// <inheritdoc/>
    public override void Validate()
    {
        base.Validate();
        Check("copies", Copies, 1, long.MaxValue);
        Check("copy size", CopySize, 4096, 128 << 20);
        if (!ToDevice && !FromDevice)
            throw new ArgumentException("copies go neither to the device nor from it");
        CheckTime("CPU per copy", CpuPerCopy, 1e9);
    }

    /// <inheritdoc/>
    public override DeviceAgent Create(DeviceContext context) => new GpuCopyAgent(this, context);
}
