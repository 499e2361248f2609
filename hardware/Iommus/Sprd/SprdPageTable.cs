using Emulator.Hardware.Drivers;
using Emulator.Hardware.Memory;
using Emulator.Hardware.PageTables;

namespace Emulator.Hardware.Iommus.Sprd;

/// <summary>The flat table: 65,536 words of 32 bits, each a page's address >> 12, 0 for none. No permissions, no valid bit.</summary>
/// <remarks>Source: Linux drivers/iommu/sprd-iommu.c, 6.1 :291 and :326; 6.12 map_pages and unmap_pages.</remarks>
public sealed class SprdPageTable : IPageTable
{
    /// <summary>Bytes of the table.</summary>
    public const ulong Bytes = 256 << 10;

    /// <summary>Addresses end here: the aperture is 256 MiB from 0.</summary>
    public const ulong ApertureSize = 0x1000_0000;

    private const int PageShift = 12;

    private readonly PhysicalMemory _memory;
    private readonly KernelVersion _kernel;

    /// <summary>Makes the writer of a zeroed table.</summary>
    /// <param name="memory">Where it is.</param>
    /// <param name="address">Its address.</param>
    /// <param name="kernel">6.1 maps and unmaps any power of two from 4 KiB as one chunk, one chunk a call, and reports nothing of what it unmaps.</param>
    public SprdPageTable(PhysicalMemory memory, ulong address, KernelVersion kernel) => (_memory, Address, _kernel) = (memory, address, kernel);

    /// <summary>The table's address.</summary>
    public ulong Address { get; }

    /// <inheritdoc/>
    public ulong PageSizeBitmap => _kernel == KernelVersion.Linux61 ? ~0UL << PageShift : 1UL << PageShift;

    /// <inheritdoc/>
    public int InputBits => 28;

    /// <inheritdoc/>
    /// <remarks>What is there already is overwritten. The output address is cut to 32 bits. -EINVAL outside the aperture.</remarks>
    public MapResult Map(ulong iova, ulong physical, ulong pageSize, ulong count, Protection protection, InvalidationGather gather)
    {
        var size = SizeOfCall(pageSize, count);
        if (IsOutside(iova, size))
            return new MapResult(Errno.EINVAL, 0);
        for (var page = 0UL; page < size >> PageShift; page++)
            _memory.Write32(WordOf(iova) + (page * 4), ((uint)physical + (uint)(page << PageShift)) >> PageShift);
        return new MapResult(Errno.None, size);
    }

    /// <inheritdoc/>
    /// <remarks>6.1 returns 0 bytes, or -EINVAL as a size outside the aperture.</remarks>
    public ulong Unmap(ulong iova, ulong pageSize, ulong count, InvalidationGather gather)
    {
        var size = SizeOfCall(pageSize, count);
        if (IsOutside(iova, size))
            return _kernel == KernelVersion.Linux61 ? unchecked((ulong)-(long)Errno.EINVAL) : 0;
        _memory.Clear(WordOf(iova), (size >> PageShift) * 4);
        return _kernel == KernelVersion.Linux61 ? 0 : size;
    }

    /// <inheritdoc/>
    /// <remarks>A hole is page 0: the answer is the offset in the page.</remarks>
    public ulong? Lookup(ulong iova) => IsOutside(iova, 1) ? null : ((ulong)_memory.Read32(WordOf(iova)) << PageShift) + (iova & 0xfff);

    /// <inheritdoc/>
    public void Release(ulong address, ulong bytes)
    {
    }

    /// <inheritdoc/>
    /// <remarks>The driver frees the table, at the detach.</remarks>
    public void Free()
    {
    }

    private static bool IsOutside(ulong iova, ulong size) => iova + size > ApertureSize || iova + size < iova;

    private ulong SizeOfCall(ulong pageSize, ulong count) => _kernel == KernelVersion.Linux61 ? pageSize : pageSize * count;

    private ulong WordOf(ulong iova) => Address + ((iova >> PageShift) * 4);
}
