using Emulator.Hardware.Drivers;
using Emulator.Hardware.Memory;
using Emulator.Hardware.PageTables;

namespace Emulator.Hardware.Iommus.MtkV1;

/// <summary>The flat table: 2^20 words of 32 bits, page address with the bits valid and non-secure; 0 for none. No permissions.</summary>
/// <remarks>Source: Linux drivers/iommu/mtk_iommu_v1.c:329 and :358. Its range invalidation is the driver's, see <see cref="MtkV1Driver.Map"/>.</remarks>
public sealed class MtkV1PageTable : IPageTable
{
    /// <summary>Bytes of the table.</summary>
    public const ulong Bytes = 4 << 20;

    private const int PageShift = 12;
    private const uint PageBits = 0xa;

    private readonly PhysicalMemory _memory;
    private readonly KernelVersion _kernel;

    /// <summary>Makes the writer of a zeroed table.</summary>
    /// <param name="memory">Where it is.</param>
    /// <param name="address">Its address.</param>
    /// <param name="kernel">6.1 maps any power of two from 4 KiB as one chunk, and takes a chunk back that it can't finish; 6.12 keeps the part that is done.</param>
    public MtkV1PageTable(PhysicalMemory memory, ulong address, KernelVersion kernel) => (_memory, Address, _kernel) = (memory, address, kernel);

    /// <summary>The table's address.</summary>
    public ulong Address { get; }

    /// <inheritdoc/>
    public ulong PageSizeBitmap => _kernel == KernelVersion.Linux61 ? ~0UL << PageShift : 1UL << PageShift;

    /// <inheritdoc/>
    public int InputBits => 32;

    /// <inheritdoc/>
    /// <remarks>-EEXIST where a word is in use. The output address is cut to 32 bits; protection is ignored.</remarks>
    public MapResult Map(ulong iova, ulong physical, ulong pageSize, ulong count, Protection protection, InvalidationGather gather)
    {
        var pages = (pageSize * count) >> PageShift;
        for (var page = 0UL; page < pages; page++)
        {
            var word = WordOf(iova + (page << PageShift));
            if (_memory.Read32(word) != 0)
            {
                if (_kernel == KernelVersion.Linux612)
                    return new MapResult(Errno.EEXIST, page << PageShift);
                _memory.Clear(WordOf(iova), page * 4);
                return new MapResult(Errno.EEXIST, 0);
            }

            _memory.Write32(word, ((uint)physical + (uint)(page << PageShift)) | PageBits);
        }

        return new MapResult(Errno.None, pages << PageShift);
    }

    /// <inheritdoc/>
    public ulong Unmap(ulong iova, ulong pageSize, ulong count, InvalidationGather gather)
    {
        var size = pageSize * count;
        _memory.Clear(WordOf(iova), (size >> PageShift) * 4);
        return size;
    }

    /// <inheritdoc/>
    /// <remarks>The page's address, without the offset (:382).</remarks>
    public ulong? Lookup(ulong iova)
    {
        var word = _memory.Read32(WordOf(iova));
        return word == 0 ? null : word & ~0xfffUL;
    }

    /// <inheritdoc/>
    public void Release(ulong address, ulong bytes)
    {
    }

    /// <inheritdoc/>
    /// <remarks>The driver frees the table with the domain.</remarks>
    public void Free()
    {
    }

    private ulong WordOf(ulong iova) => Address + ((iova >> PageShift) * 4);
}
