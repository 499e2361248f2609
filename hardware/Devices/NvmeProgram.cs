namespace Emulator.Hardware.Devices;

/// <summary>An NVMe drive with queue pairs: reads and writes whose buffers are mapped for each I/O and told to the drive by PRP entries.</summary>
/// <remarks>What the drive's media takes is a [model] choice.</remarks>
public sealed record NvmeProgram : DeviceProgram
{
    /// <summary>I/Os in all, of all queues, at least 1.</summary>
    public long Ios { get; init; } = 10_000;

    /// <summary>Bytes of an I/O: a multiple of 512, 512 bytes to 2 MiB.</summary>
    public int BlockSize { get; init; } = 4096;

    /// <summary>I/Os in flight on each queue, 1 to 1024.</summary>
    public int Depth { get; init; } = 32;

    /// <summary>Queue pairs, each served by a CPU of its own, 1 to 64.</summary>
    public int Queues { get; init; } = 1;

    /// <summary>The part of the I/Os that read the drive - and write to memory - 0 to 1.</summary>
    public double ReadShare { get; init; } = 0.5;

    /// <summary>No I/O begins later than this, in nanoseconds of virtual time since the beginning; null: all of <see cref="Ios"/> are done.</summary>
    public double? Runtime { get; init; }

    /// <summary>What the media take for a read, in nanoseconds.</summary>
    public double MediaRead { get; init; } = 10_000;

    /// <summary>What the media take for a write, in nanoseconds.</summary>
    public double MediaWrite { get; init; } = 5_000;

    /// <summary>I/Os that the media serve at the same time, 1 to 1024.</summary>
    public int Channels { get; init; } = 64;

    /// <summary>What a CPU does for an I/O besides the DMA API, in nanoseconds.</summary>
    public double CpuPerIo { get; init; } = 500;

    /// <summary>From a completion in memory until its CPU looks at it, in nanoseconds.</summary>
    public double InterruptDelay { get; init; } = 2_000;

    /// <inheritdoc/>
    public override string Kind => "nvme";

    /// <inheritdoc/>
    public override string Operation => "I/O";

    /// <inheritdoc/>
    public override int Cpus => Queues;

    /// <inheritdoc/>
    public override ulong Memory => (ulong)Queues * (ulong)((Depth * (((BlockSize + 4095) / 4096) + 1)) + ((Depth * 80) / 4096) + 2) * 4096;

    /// <inheritdoc/>
    public override void Validate()
    {
        base.Validate();
        Check("I/Os", Ios, 1, long.MaxValue);
        Check("block size", BlockSize, 512, 2 << 20);
        if (BlockSize % 512 != 0)
            throw new ArgumentException($"block size {BlockSize} is no multiple of 512");
        Check("depth", Depth, 1, 1024);
        Check("queues", Queues, 1, 64);
        Check("channels", Channels, 1, 1024);
        if (!(ReadShare is >= 0 and <= 1))
            throw new ArgumentException($"read share {ReadShare} is outside 0 to 1");
        foreach (var (name, time) in (ReadOnlySpan<(string, double)>)[("runtime", Runtime ?? 1), ("media read", MediaRead), ("media write", MediaWrite), ("CPU per I/O", CpuPerIo), ("interrupt delay", InterruptDelay)])
        {
            if (!(time is >= 0 and <= 1e12))
                throw new ArgumentException($"{name} {time} ns is outside 0 to 1000 s");
        }
    }

    /// <inheritdoc/>
    public override DeviceAgent Create(DeviceContext context) => new NvmeAgent(this, context);
}
