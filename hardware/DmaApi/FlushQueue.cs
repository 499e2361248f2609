namespace Emulator.Hardware.DmaApi;

/// <summary>
/// The queue of a lazy domain's unmapped ranges: a timer or a full ring flushes the whole domain, and only then are the addresses free again. Until the flush the device
/// still reaches the
/// memory behind them, where the IOTLB holds the translation; how long that was possible is measured here.
/// </summary>
/// <remarks>Source: Linux 6.1 drivers/iommu/dma-iommu.c, queue_iova, fq_flush_iotlb, fq_flush_timeout, fq_ring_free; 6.12 is the same for a queue for each CPU. One
/// caller at a time: what
/// the kernel's CPUs do beside each other can be taken apart with <see cref="Begin"/>, <see cref="Finish"/> and <see cref="Reclaim"/>.</remarks>
public sealed class FlushQueue
{
    private readonly FlushQueueOptions _options;
    private readonly FlushRing[] _rings;
    private readonly IovaDomain _iovas;
    private readonly Action _flush;
    private readonly Action<ulong, ulong> _release;

    /// <summary>Makes an empty queue.</summary>
    /// <param name="options">Sizes and times.</param>
    /// <param name="cpus">CPUs.</param>
    /// <param name="iovas">Where flushed ranges go back to.</param>
    /// <param name="flush">Invalidates the whole domain (flush_iotlb_all).</param>
    /// <param name="release">Gives a table page back: address and bytes.</param>
    /// <exception cref="ArgumentOutOfRangeException">The queue has less than 2 entries, or the ticks are none.</exception>
    public FlushQueue(FlushQueueOptions options, int cpus, IovaDomain iovas, Action flush, Action<ulong, ulong> release)
    {
        ArgumentNullException.ThrowIfNull(options);
        ArgumentOutOfRangeException.ThrowIfLessThan(options.Size, 2);
        ArgumentOutOfRangeException.ThrowIfLessThan(options.TicksPerSecond, 1);
        (_options, _iovas, _flush, _release) = (options, iovas, flush, release);
        _rings = new FlushRing[options.PerCpu ? cpus : 1];
        for (var i = 0; i < _rings.Length; i++)
            _rings[i] = new FlushRing(options.Size);
    }

    /// <summary>When the timer fires, in picoseconds; <see cref="long.MaxValue"/> while it is not armed.</summary>
    public long DeadlinePs { get; private set; } = long.MaxValue;

    /// <summary>The CPU that armed the timer last: it fires there. Linux may choose another one when that CPU is idle.</summary>
    public int TimerCpu { get; private set; }

    /// <summary>Flushes that were started.</summary>
    public long Started { get; private set; }

    /// <summary>Flushes that have finished.</summary>
    public long Finished { get; private set; }

    /// <summary>Flushes that a full ring set off.</summary>
    public long FullFlushes { get; private set; }

    /// <summary>The most entries that a ring has held.</summary>
    public int HighWater { get; private set; }

    /// <summary>Entries that are unmapped and not flushed yet.</summary>
    public long Exposed { get; private set; }

    /// <summary>Entries that were flushed.</summary>
    public long Flushed { get; private set; }

    /// <summary>The longest time from an unmap to the end of the flush that covers it, in picoseconds.</summary>
    public long LongestExposurePs { get; private set; }

    /// <summary>The sum of these times.</summary>
    public long TotalExposurePs { get; private set; }

    /// <summary>Queues a range that was unmapped (queue_iova).</summary>
    /// <param name="cpu">The CPU.</param>
    /// <param name="pfn">First page.</param>
    /// <param name="pages">Pages.</param>
    /// <param name="tables">Table pages to free with it.</param>
    /// <param name="timePs">Now.</param>
    public void Add(int cpu, ulong pfn, ulong pages, IReadOnlyList<(ulong Address, ulong Bytes)> tables, long timePs)
    {
        ArgumentNullException.ThrowIfNull(tables);
        var ring = Ring(cpu);
        Reclaim(cpu, cpu);
        if (ring.IsFull)
        {
            FullFlushes++;
            Flush(timePs);
            Reclaim(cpu, cpu);
        }

        ring.Add(new FlushQueueEntry(pfn, pages, Started, timePs, tables.Count == 0 ? null : [.. tables]));
        Exposed++;
        HighWater = Math.Max(HighWater, ring.Count);
        if (DeadlinePs == long.MaxValue && _options.HasTimer)
            (DeadlinePs, TimerCpu) = (_options.Deadline(timePs), cpu);
    }

    /// <summary>The timer's function (fq_flush_timeout): flushes, and gives every CPU's flushed ranges back.</summary>
    /// <param name="cpu">The CPU that the timer fires on: the ranges go to its cache.</param>
    /// <param name="timePs">Now.</param>
    public void Expire(int cpu, long timePs)
    {
        DeadlinePs = long.MaxValue;
        Flush(timePs);
        for (var ring = 0; ring < _rings.Length; ring++)
            Reclaim(ring, cpu);
    }

    /// <summary>The beginning of a flush: it covers what was queued before.</summary>
    public void Begin() => Started++;

    /// <summary>Invalidates, and ends the flush that was begun.</summary>
    /// <param name="timePs">Now.</param>
    public void Finish(long timePs)
    {
        _flush();
        Finished++;
        foreach (var ring in _rings)
        {
            while (ring.TryFlush(Finished, out var unmapped))
            {
                Exposed--;
                Flushed++;
                TotalExposurePs += timePs - unmapped;
                LongestExposurePs = Math.Max(LongestExposurePs, timePs - unmapped);
            }
        }
    }

    /// <summary>Gives the flushed ranges of one CPU's ring back (fq_ring_free).</summary>
    /// <param name="ringCpu">Whose ring.</param>
    /// <param name="cpu">The CPU that does it: the ranges go to its cache.</param>
    public void Reclaim(int ringCpu, int cpu)
    {
        var ring = Ring(ringCpu);
        while (ring.TryTake(out var entry))
        {
            foreach (var (address, bytes) in entry.Tables ?? [])
                _release(address, bytes);
            _iovas.Free(cpu, entry.Pfn, entry.Pages);
        }
    }

    /// <summary>Whether a page was unmapped and not flushed yet.</summary>
    public bool IsExposed(ulong pfn)
    {
        if (Exposed == 0)
            return false;
        foreach (var ring in _rings)
        {
            if (ring.IsExposed(pfn))
                return true;
        }

        return false;
    }

    private FlushRing Ring(int cpu) => _rings[_options.PerCpu ? cpu : 0];

    private void Flush(long timePs)
    {
        Begin();
        Finish(timePs);
    }
}
