using Emulator.Hardware.DmaApi;

namespace Emulator.Hardware.Devices;

/// <summary>Pages of memory for a device's buffers. They are given out from a shuffled order, so that what is mapped in one call is scattered, as memory of a kernel that has run for a while is.</summary>
public sealed class BufferPool
{
    private readonly ulong[] _pages;
    private int _free;

    /// <summary>Makes a pool of free pages.</summary>
    /// <param name="first">Where the memory begins.</param>
    /// <param name="bytes">Its size, at least a page.</param>
    /// <param name="pageSize">Bytes of a page, a power of two.</param>
    public BufferPool(ulong first, ulong bytes, ulong pageSize)
    {
        (First, PageSize) = (first, pageSize);
        var count = (int)(bytes / pageSize);
        ArgumentOutOfRangeException.ThrowIfLessThan(count, 1, nameof(bytes));
        _pages = new ulong[count];
        for (var i = 0; i < count; i++)
            _pages[i] = first + ((ulong)i * pageSize);
        var random = 0x9e3779b97f4a7c15UL;
        for (var i = count - 1; i > 0; i--)
        {
            random ^= random << 13;
            random ^= random >> 7;
            random ^= random << 17;
            var other = (int)(random % (ulong)(i + 1));
            (_pages[i], _pages[other]) = (_pages[other], _pages[i]);
        }

        _free = count;
    }

    /// <summary>Where the memory begins.</summary>
    public ulong First { get; }

    /// <summary>Bytes of a page.</summary>
    public ulong PageSize { get; }

    /// <summary>Pages that are free.</summary>
    public int Free => _free;

    /// <summary>Takes a page.</summary>
    /// <exception cref="InvalidOperationException">None is free.</exception>
    public ulong Take() => _free > 0 ? _pages[--_free] : throw new InvalidOperationException("the device's memory is used up");

    /// <summary>Takes a page for each segment.</summary>
    /// <param name="segments">Receives them, a page each.</param>
    public void Take(Span<ScatterSegment> segments)
    {
        foreach (ref var segment in segments)
            segment = new ScatterSegment(Take(), PageSize);
    }

    /// <summary>Takes so many pages that they hold some bytes.</summary>
    public ScatterSegment[] TakeRun(int bytes)
    {
        var segments = new ScatterSegment[((ulong)bytes + PageSize - 1) / PageSize];
        Take(segments);
        return segments;
    }

    /// <summary>Takes pages that lie one after the other and hold so many bytes. It looks through all that are free: for what a driver allocates when it starts.</summary>
    /// <exception cref="InvalidOperationException">So many are not free in a row.</exception>
    public ScatterSegment TakeContiguous(int bytes)
    {
        var count = (int)(((ulong)bytes + PageSize - 1) / PageSize);
        var sorted = _pages[.._free];
        Array.Sort(sorted);
        for (var i = count - 1; i < sorted.Length; i++)
        {
            var first = sorted[i - count + 1];
            var size = (ulong)count * PageSize;
            if (sorted[i] - first != size - PageSize)
                continue;
            // The others keep their shuffled order.
            var left = Array.FindAll(_pages[.._free], page => page < first || page >= first + size);
            left.CopyTo(_pages, 0);
            _free = left.Length;
            return new ScatterSegment(first, size);
        }

        throw new InvalidOperationException($"the device's memory has no {count} pages in a row");
    }

    /// <summary>Gives a page back.</summary>
    public void Give(ulong page) => _pages[_free++] = page;
}
