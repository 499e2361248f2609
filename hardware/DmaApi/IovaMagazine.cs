namespace Emulator.Hardware.DmaApi;

/// <summary>A stack of page frame numbers that are allocated in the tree and used by nobody.</summary>
/// <remarks>Source: Linux 6.1 drivers/iommu/iova.c, struct iova_magazine.</remarks>
internal sealed class IovaMagazine
{
    /// <summary>Numbers that fit (IOVA_MAG_SIZE): with the count they fill 1 KiB.</summary>
    public const int Capacity = 127;

    private readonly ulong[] _pfns = new ulong[Capacity];
    private int _count;

    /// <summary>Whether there is none in it.</summary>
    public bool IsEmpty => _count == 0;

    /// <summary>Whether no more fit.</summary>
    public bool IsFull => _count == Capacity;

    /// <summary>The numbers, oldest first.</summary>
    public ReadOnlySpan<ulong> Pfns => _pfns.AsSpan(0, _count);

    /// <summary>Adds one; the magazine is not full.</summary>
    public void Push(ulong pfn) => _pfns[_count++] = pfn;

    /// <summary>Takes the youngest out that is not above a limit; the oldest of those above it stay, and the top fills the gap.</summary>
    /// <returns>The number; 0 when there is none.</returns>
    public ulong Pop(ulong limitPfn)
    {
        for (var i = _count - 1; i >= 0; i--)
        {
            if (_pfns[i] > limitPfn)
                continue;
            var pfn = _pfns[i];
            _pfns[i] = _pfns[--_count];
            return pfn;
        }

        return 0;
    }

    /// <summary>Forgets all.</summary>
    public void Clear() => _count = 0;
}
