namespace Emulator.Hardware.DmaApi;

/// <summary>The ranges of a domain's addresses that are taken, and the search for room, downwards from a limit.</summary>
/// <remarks>Source: Linux 6.1 drivers/iommu/iova.c, __alloc_and_insert_iova_range and the functions around it; 6.12 is the same. The kernel keeps the ranges in a
/// red-black
/// tree. It only ever goes from a node to its neighbour, inserts beside where a search ended, and looks up the first page: a list in order of addresses, with an index by
/// first page, gives the
/// same answers. Only <see cref="FindLimit"/> descends the tree in the kernel and walks here.</remarks>
internal sealed class IovaRanges
{
    private const int Anchor = 0;
    private const int None = -1;

    private readonly Dictionary<ulong, int> _byLow = [];
    private readonly ulong _start;
    private readonly ulong _limit32;
    private Range[] _ranges = new Range[64];
    private int _used = 1;
    private int _free = None;

    // Where the last range was allocated, below 4 GiB and anywhere: the next search begins there.
    private int _cached32 = Anchor;
    private int _cached = Anchor;

    // Below 4 GiB no room was found for this many pages since the last free there.
    private ulong _full32;

    /// <summary>Makes an empty set.</summary>
    /// <param name="startPfn">First page that is given out, at least 1.</param>
    /// <param name="limit32">First page at 4 GiB.</param>
    public IovaRanges(ulong startPfn, ulong limit32)
    {
        (_start, _limit32, _full32) = (startPfn, limit32, limit32);
        _ranges[Anchor] = new Range { Low = ulong.MaxValue, High = ulong.MaxValue, Previous = None, Next = None };
    }

    /// <summary>Takes room for a number of pages, aligned to the next power of two.</summary>
    /// <param name="size">Pages, at least 1.</param>
    /// <param name="limitPfn">The first page that is too high.</param>
    /// <returns>The first page; 0 when there is no room.</returns>
    public ulong Allocate(ulong size, ulong limitPfn)
    {
        var below32 = limitPfn <= _limit32;
        if (below32 && size >= _full32)
            return 0;
        var mask = ~(System.Numerics.BitOperations.RoundUpToPowerOf2(size) - 1);
        var current = below32 ? _cached32 : _cached;
        var (high, low, retry) = (limitPfn, _start, _ranges[current].High);
        while (true)
        {
            int above;
            ulong first;
            do
            {
                high = Math.Min(high, _ranges[current].Low);
                first = (high - size) & mask;
                above = current;
                current = _ranges[current].Previous;
            }
            while (current != None && first <= _ranges[current].High && first >= low);

            if (high >= size && first >= low)
            {
                var added = Insert(above, first, first + size - 1);
                _byLow.Add(first, added);
                if (_ranges[added].High < _limit32)
                    _cached32 = added;
                else
                    _cached = added;
                return first;
            }

            // The search began at the cached range: what lies above it was not looked at.
            if (low != _start || retry >= limitPfn)
            {
                _full32 = size;
                return 0;
            }

            (high, low) = (limitPfn, retry + 1);
            current = FindLimit(limitPfn);
        }
    }

    /// <summary>Gives a range back.</summary>
    /// <param name="pfn">Its first page.</param>
    /// <returns>False when no range begins there.</returns>
    public bool Free(ulong pfn)
    {
        if (!_byLow.Remove(pfn, out var index))
            return false;
        ref var range = ref _ranges[index];
        if (index == _cached32 || (range.High < _limit32 && range.Low >= _ranges[_cached32].Low))
            _cached32 = range.Next;
        if (range.Low < _limit32)
            _full32 = _limit32;
        if (range.Low >= _ranges[_cached].Low)
            _cached = range.Next;
        _ranges[range.Next].Previous = range.Previous;
        if (range.Previous != None)
            _ranges[range.Previous].Next = range.Next;
        range.Next = _free;
        _free = index;
        return true;
    }

    /// <summary>Takes a range that is never given out (reserve_iova). A range that it overlaps grows downwards to take in its beginning, and the rest is added above that
    /// one.</summary>
    /// <param name="low">First page.</param>
    /// <param name="high">Last page, not below <paramref name="low"/>.</param>
    public void Reserve(ulong low, ulong high)
    {
        // From the lowest range upwards: those that end below are passed.
        var current = Anchor;
        while (_ranges[current].Previous is var lower and not None && _ranges[lower].High >= low)
            current = lower;
        while (current != Anchor && _ranges[current].Low <= high)
        {
            ref var range = ref _ranges[current];
            range.Low = Math.Min(range.Low, low);
            if (high <= range.High)
                return;
            low = range.High + 1;
            current = range.Next;
        }

        Insert(current, low, high);
    }

    // The lowest range that begins at or above a page (iova_find_limit).
    private int FindLimit(ulong limitPfn)
    {
        var current = Anchor;
        while (_ranges[current].Previous is var lower and not None && _ranges[lower].Low >= limitPfn)
            current = lower;
        return current;
    }

    private int Insert(int above, ulong low, ulong high)
    {
        var index = _free;
        if (index != None)
        {
            _free = _ranges[index].Next;
        }
        else
        {
            index = _used++;
            if (index == _ranges.Length)
                Array.Resize(ref _ranges, 2 * index);
        }

        var below = _ranges[above].Previous;
        _ranges[index] = new Range { Low = low, High = high, Previous = below, Next = above };
        _ranges[above].Previous = index;
        if (below != None)
            _ranges[below].Next = index;
        return index;
    }

    private struct Range
    {
        public ulong Low;
        public ulong High;
        public int Previous;
        public int Next;
    }
}
