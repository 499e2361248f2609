namespace Emulator.Hardware.Devices;

/// <summary>An NVMe drive with queue pairs: reads and writes whose buffers are mapped for each I/O and told to the drive by PRP entries.</summary>
/// <remarks>What the drive's media and the CPUs take is a [model] choice.</remarks>
public abstract record NvmeDrive : DeviceProgram
{
    /// <summary>Queue pairs at most.</summary>
    public const int MaxQueues = 64;

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

    /// <summary>The queue pairs, 1 to <see cref="MaxQueues"/>, each served by a CPU of its own.</summary>
    public abstract IReadOnlyList<NvmeQueue> QueuePairs { get; }

    /// <inheritdoc/>
    public override string Operation => "I/O";

    /// <inheritdoc/>
    public override int Cpus => QueuePairs.Count;

    /// <inheritdoc/>
    public override ulong Pages(ulong pageSize) => QueuePairs.Aggregate(0UL, (pages, queue) => pages + queue.Pages(pageSize));

    /// <inheritdoc/>
    public override void Validate()
    {
        base.Validate();
        Check("queues", QueuePairs.Count, 1, MaxQueues);
        foreach (var queue in QueuePairs)
            queue.Validate();
        Check("channels", Channels, 1, 1024);
        CheckTime("media read", MediaRead, 1e12);
        CheckTime("media write", MediaWrite, 1e12);
        CheckTime("CPU per I/O", CpuPerIo, 1e12);
        CheckTime("interrupt delay", InterruptDelay, 1e12);
    }

    /// <inheritdoc/>
    public override DeviceAgent Create(DeviceContext context) => new NvmeAgent(this, context);
}
