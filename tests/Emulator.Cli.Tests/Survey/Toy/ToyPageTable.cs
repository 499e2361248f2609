using Emulator.Hardware.Drivers;
using Emulator.Hardware.Memory;
using Emulator.Hardware.PageTables;

namespace Emulator.Cli.Tests.Survey.Toy;

/// <summary>The flat table of the toy IOMMU: 1024 entries of 64 KiB.</summary>
internal sealed class ToyPageTable(PhysicalMemory memory, ulong address) : IPageTable
{
    public ulong Address => address;

    public ulong PageSizeBitmap => 0x10000;

    public int InputBits => 32;

    public MapResult Map(ulong iova, ulong physical, ulong pageSize, ulong count, Protection protection, InvalidationGather gather)
    {
        for (var i = 0UL; i < count; i++)
            memory.Write64(address + ((((iova >> 16) + i) & 0x3ff) * 8), (physical + (i * pageSize)) | 1);
        return new MapResult(Errno.None, count * pageSize);
    }

    public ulong Unmap(ulong iova, ulong pageSize, ulong count, InvalidationGather gather) => 0;

    public ulong? Lookup(ulong iova) => null;

    public void Release(ulong address, ulong bytes)
    {
    }

    public void Free()
    {
    }
}
