namespace Emulator.Hardware.DmaApi;

/// <summary>Sizes and times of a flush queue. Source: Linux 6.1 drivers/iommu/dma-iommu.c:87-90, IOVA_FQ_SIZE, IOVA_FQ_TIMEOUT.</summary>
public sealed record FlushQueueOptions
{
    /// <summary>One queue for all CPUs, as 6.12 has it for IOMMUs of hypervisors (s390). Source: Linux 6.12 drivers/iommu/dma-iommu.c:106-111, IOVA_SINGLE_FQ_SIZE,
    /// IOVA_SINGLE_FQ_TIMEOUT.</summary>
    public static FlushQueueOptions Single { get; } = new() { PerCpu = false, Size = 32768, TimeoutPs = 1_000_000_000_000 };

    /// <summary>Whether each CPU has a queue.</summary>
    public bool PerCpu { get; init; } = true;

    /// <summary>Entries of a queue, at least 2; one always stays free.</summary>
    public int Size { get; init; } = 256;

    /// <summary>From the first unmap to the timer's flush, in picoseconds, before rounding to ticks.</summary>
    public long TimeoutPs { get; init; } = 10_000_000_000;

    /// <summary>Whether the timer runs. Without it only a full queue is flushed, and <see cref="FlushQueue.Expire"/> by the caller.</summary>
    public bool HasTimer { get; init; } = true;

    /// <summary>Timer ticks in a second (HZ), at least 1.</summary>
    public long TicksPerSecond { get; init; } = 250;

    /// <summary>When a tick is, in picoseconds; the others lie whole ticks before and after it.</summary>
    public long TickPhasePs { get; init; }

    /// <summary>When a timer fires that is armed now: the timeout in whole ticks, rounded up, after the tick that was last, and one more, since a timer never fires
    /// early. From 63 ticks on the
    /// wheel is coarser: 8 ticks, from 504 on 64, and so on.</summary>
    /// <remarks>Source: Linux kernel/time/timer.c, calc_wheel_index and calc_index.</remarks>
    public long Deadline(long timePs)
    {
        var tick = 1_000_000_000_000 / TicksPerSecond;
        var last = (timePs - TickPhasePs - ((((timePs - TickPhasePs) % tick) + tick) % tick)) / tick;
        var ticks = (TimeoutPs + tick - 1) / tick;
        var granularity = 1L;
        for (var limit = 63L; ticks >= limit && granularity < 1L << 24; limit <<= 3)
            granularity <<= 3;
        return TickPhasePs + ((((last + ticks) / granularity) + 1) * granularity * tick);
    }
}
