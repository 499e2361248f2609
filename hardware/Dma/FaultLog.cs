namespace Emulator.Hardware.Dma;

/// <summary>The common fault records of one IOMMU, oldest first, in a ring of fixed size. When it is full, further records are counted and dropped:
/// the silicon's own queue and its overflow rules are separate from this view.</summary>
public sealed class FaultLog
{
    private readonly FaultRecord[] _ring;
    private int _head;
    private int _count;

    /// <summary>Makes a log.</summary>
    /// <param name="capacity">Records kept, at least 1.</param>
    public FaultLog(int capacity = 1024)
    {
        ArgumentOutOfRangeException.ThrowIfLessThan(capacity, 1);
        _ring = new FaultRecord[capacity];
    }

    /// <summary>Faults recorded since the start, taken, kept or dropped.</summary>
    public long Total { get; private set; }

    /// <summary>Records dropped because the ring was full.</summary>
    public long Dropped { get; private set; }

    /// <summary>Adds a record.</summary>
    public void Add(in FaultRecord record)
    {
        Total++;
        if (_count == _ring.Length)
        {
            Dropped++;
            return;
        }

        _ring[(_head + _count++) % _ring.Length] = record;
    }

    /// <summary>Takes the oldest records out.</summary>
    /// <returns>How many were stored in <paramref name="records"/>.</returns>
    public int Take(Span<FaultRecord> records)
    {
        var n = Math.Min(records.Length, _count);
        for (var i = 0; i < n; i++)
        {
            records[i] = _ring[_head];
            _head = (_head + 1) % _ring.Length;
        }

        _count -= n;
        return n;
    }

    /// <summary>Takes all records out, oldest first.</summary>
    public FaultRecord[] TakeAll()
    {
        var records = new FaultRecord[_count];
        Take(records);
        return records;
    }
}
