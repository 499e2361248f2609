using Emulator.Hardware.Drivers;
using Emulator.Hardware.PageTables;

namespace Emulator.Hardware.Tests.Core.Iommufd;

/// <summary>A page table that is a dictionary: pages of half a CPU page, a dirty mark for each.</summary>
internal sealed class MockPageTable : IPageTable
{
    public const ulong Page = 2048;

    private readonly Dictionary<ulong, (ulong Physical, Protection Protection)> _pages = [];

    public ulong PageSizeBitmap => ~(Page - 1);

    public int InputBits => 31;

    public int Count => _pages.Count;

    public List<ulong> LargestMaps { get; } = [];

    public HashSet<ulong> Dirty { get; } = [];

    public MapResult Map(ulong iova, ulong physical, ulong pageSize, ulong count, Protection protection, InvalidationGather gather)
    {
        LargestMaps.Add(pageSize * count);
        for (var offset = 0UL; offset < pageSize * count; offset += Page)
        {
            if (!_pages.TryAdd((iova + offset) / Page, (physical + offset, protection)))
                return new MapResult(Errno.EEXIST, offset);
        }

        return new MapResult(Errno.None, pageSize * count);
    }

    public ulong Unmap(ulong iova, ulong pageSize, ulong count, InvalidationGather gather)
    {
        var done = 0UL;
        while (done < pageSize * count && _pages.Remove((iova + done) / Page))
            done += Page;
        return done;
    }

    public ulong? Lookup(ulong iova) => _pages.TryGetValue(iova / Page, out var page) ? page.Physical + (iova % Page) : null;

    public void Release(ulong address, ulong bytes) => throw new NotSupportedException();

    public void Free() => _pages.Clear();
}
