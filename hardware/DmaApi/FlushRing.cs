namespace Emulator.Hardware.DmaApi;

/// <summary>A ring of entries: those at its head are flushed and wait to be freed, the others are not flushed yet. Source: Linux 6.1 drivers/iommu/dma-iommu.c, struct
/// iova_fq.</summary>
/// <param name="size">Entries, of which one stays free.</param>
internal sealed class FlushRing(int size)
{
    private readonly FlushQueueEntry[] _entries = new FlushQueueEntry[size];
    private int _head;
    private int _flushed;
    private int _tail;

    /// <summary>Entries in it.</summary>
    public int Count => Distance(_head, _tail);

    /// <summary>Whether no more fit.</summary>
    public bool IsFull => Next(_tail) == _head;

    /// <summary>Adds an entry; the ring is not full.</summary>
    public void Add(in FlushQueueEntry entry)
    {
        _entries[_tail] = entry;
        _tail = Next(_tail);
    }

    /// <summary>Goes on to the next entry that a finished flush covers and that was not counted as flushed.</summary>
    /// <param name="finished">Flushes that have finished.</param>
    /// <param name="timePs">When the entry was unmapped.</param>
    /// <returns>False when there is none.</returns>
    public bool TryFlush(long finished, out long timePs)
    {
        timePs = _entries[_flushed].TimePs;
        if (_flushed == _tail || _entries[_flushed].Counter >= finished)
            return false;
        _flushed = Next(_flushed);
        return true;
    }

    /// <summary>Takes the oldest entry out when it is flushed.</summary>
    public bool TryTake(out FlushQueueEntry entry)
    {
        entry = _entries[_head];
        if (_head == _flushed)
            return false;
        _head = Next(_head);
        return true;
    }

    /// <summary>Whether a page is in an entry that is not flushed yet.</summary>
    public bool IsExposed(ulong pfn)
    {
        for (var i = _flushed; i != _tail; i = Next(i))
        {
            if (pfn - _entries[i].Pfn < _entries[i].Pages)
                return true;
        }

        return false;
    }

    private int Next(int index) => index + 1 == _entries.Length ? 0 : index + 1;

    private int Distance(int from, int to) => to >= from ? to - from : to - from + _entries.Length;
}
