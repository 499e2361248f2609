namespace Emulator.Hardware.Devices;

/// <summary>An NVMe drive whose queue pairs all have the same to do.</summary>
public sealed record NvmeProgram : NvmeDrive
{
    /// <summary>I/Os in all, of all queues, at least 1; divided evenly among them.</summary>
    public long Ios { get; init; } = 10_000;

    /// <inheritdoc cref="NvmeQueue.BlockSize"/>
    public int BlockSize { get; init; } = 4096;

    /// <summary>I/Os in flight on each queue, 1 to 1024.</summary>
    public int Depth { get; init; } = 32;

    /// <summary>Queue pairs, 1 to <see cref="NvmeDrive.MaxQueues"/>.</summary>
    public int Queues { get; init; } = 1;

    /// <inheritdoc cref="NvmeQueue.ReadShare"/>
    public double ReadShare { get; init; } = 0.5;

    /// <summary>No I/O begins later than this, in nanoseconds of virtual time since the beginning; null: all of <see cref="Ios"/> are done.</summary>
    public double? Runtime { get; init; }

    /// <inheritdoc/>
    public override string Kind => "nvme";

    /// <inheritdoc/>
    public override IReadOnlyList<NvmeQueue> QueuePairs => [.. Enumerable.Range(0, Queues).Select(queue => new NvmeQueue
    {
        Ios = (Ios / Queues) + (queue < Ios % Queues ? 1 : 0),
        BlockSize = BlockSize,
        Depth = Depth,
        ReadShare = ReadShare,
        Runtime = Runtime,
    })];

    /// <inheritdoc/>
    public override void Validate()
    {
        Check("I/Os", Ios, 1, long.MaxValue);
        Check("queues", Queues, 1, MaxQueues);
        base.Validate();
    }
}
