using Emulator.Hardware.Drivers;
using Emulator.Hardware.Memory;
using Emulator.Hardware.PageTables;

namespace Emulator.Actors.Tests.Flat;

public sealed class FlatPageTable(PhysicalMemory memory, IFrameAllocator frames) : IPageTable
{
    public ulong Address { get; } = frames.Allocate(FlatIommu.TableEntries * 8);

    public ulong PageSizeBitmap => 1UL << FlatIommu.PageShift;

    public int InputBits => 29;

    public MapResult Map(ulong iova, ulong physical, ulong pageSize, ulong count, Protection protection, InvalidationGather gather)
    {
        for (var page = 0UL; page < count; page++)
        {
            var slot = (iova >> FlatIommu.PageShift) + page;
            if (slot >= FlatIommu.TableEntries)
                return new MapResult(Errno.ERANGE, page * pageSize);
            memory.Write64(Address + (slot * 8), (physical + (page * pageSize)) | 1);
        }

        return new MapResult(Errno.None, count * pageSize);
    }

    public ulong Unmap(ulong iova, ulong pageSize, ulong count, InvalidationGather gather)
    {
        for (var page = 0UL; page < count; page++)
            memory.Write64(Address + (((iova >> FlatIommu.PageShift) + page) * 8), 0);
        gather.AddPage(iova, count * pageSize, pageSize);
        return count * pageSize;
    }

    public ulong? Lookup(ulong iova)
    {
        var entry = memory.Read64(Address + ((iova >> FlatIommu.PageShift) * 8));
        return (entry & 1) != 0 ? (entry & ~0xfffUL) | (iova & 0xfff) : null;
    }

    public void Release(ulong address, ulong bytes) => frames.Free(address, bytes);

    public void Free() => frames.Free(Address, FlatIommu.TableEntries * 8);
}
