namespace Emulator.Hardware.Iommus.S390;

/// <summary>The pages of a function's address window that the DMA API of Linux 6.1 has given out.</summary>
/// <remarks>Source: Linux 6.1 arch/s390/pci/pci_dma.c:273-331 and lib/iommu-helper.c, iommu_area_alloc; the segment boundary is the default of 4 GiB.</remarks>
internal sealed class S390DmaAddresses(ulong start, ulong length)
{
    private const ulong BoundaryPages = (1UL << 32) / S390Format.PageSize;

    private readonly HashSet<ulong> _used = [];
    private readonly HashSet<ulong> _lazy = [];
    private ulong _next;

    public ulong Pages => length / S390Format.PageSize;

    // From the last allocation on; null at the end of the window.
    public ulong? AllocateNext(ulong pages) => Allocate(_next, pages);

    // From the beginning.
    public ulong? AllocateFirst(ulong pages) => Allocate(0, pages);

    public void Free(ulong address, ulong pages, bool lazily)
    {
        var first = (address - start) / S390Format.PageSize;
        for (var page = first; page < first + pages; page++)
        {
            if (lazily)
                _lazy.Add(page);
            else
                _used.Remove(page);
        }
    }

    // Everything that waits may be given out again.
    public void FreeLazy()
    {
        _used.ExceptWith(_lazy);
        _lazy.Clear();
    }

    private ulong? Allocate(ulong from, ulong pages)
    {
        // The last page is never given out.
        var limit = Pages - 1;
        var first = from;
        while (first + pages <= limit)
        {
            var end = first + pages;
            var taken = Enumerable.Range(0, (int)pages).Select(i => first + (ulong)i).Where(_used.Contains).LastOrDefault(ulong.MaxValue);
            var position = ((start / S390Format.PageSize) + first) % BoundaryPages;
            if (taken != ulong.MaxValue)
            {
                first = taken + 1;
            }
            else if (position + pages > BoundaryPages)
            {
                first += BoundaryPages - position;
            }
            else
            {
                for (var page = first; page < end; page++)
                    _used.Add(page);
                _next = end;
                return start + (first * S390Format.PageSize);
            }
        }

        return null;
    }
}
