namespace Emulator.Hardware.Devices;

/// <summary>What a device's program has done.</summary>
/// <param name="latency">Given the time of each operation, in picoseconds: from when the device or its driver began until the driver was done.</param>
public sealed class OperationCounts(Action<long> latency)
{
    /// <summary>Operations done: packets, I/Os, copies, steps of a collective.</summary>
    public long Operations { get; private set; }

    /// <summary>Their payload.</summary>
    public long Bytes { get; private set; }

    /// <summary>Operations that came to nothing: packets that found no buffer.</summary>
    public long Dropped { get; private set; }

    /// <summary>When the last one was done, in picoseconds.</summary>
    public long Last { get; private set; }

    /// <summary>An operation is done.</summary>
    /// <param name="began">When it began.</param>
    /// <param name="done">When it was done.</param>
    /// <param name="bytes">Its payload.</param>
    public void Done(long began, long done, long bytes)
    {
        Operations++;
        Bytes += bytes;
        Last = Math.Max(Last, done);
        latency(done - began);
    }

    /// <summary>An operation came to nothing.</summary>
    public void Drop() => Dropped++;
}
