using System.Numerics;
using Emulator.Hardware.Drivers;

namespace Emulator.Hardware.PageTables;

/// <summary>The core's mapping calls over a page table: alignment checks, the choice of page sizes, the loops, and the roll-back of a failed map.</summary>
/// <remarks>Source: Linux 6.1 drivers/iommu/iommu.c, iommu_pgsize, __iommu_map, __iommu_unmap; 6.12 is the same.</remarks>
public static class DomainPaging
{
    /// <summary>Maps a range (iommu_map).</summary>
    /// <param name="table">The page table.</param>
    /// <param name="iova">First input address, a multiple of the smallest page size.</param>
    /// <param name="physical">First output address, likewise.</param>
    /// <param name="size">Bytes, likewise.</param>
    /// <param name="protection">What is allowed.</param>
    /// <param name="gather">Receives the invalidations that become necessary.</param>
    /// <returns>The result: on an error nothing stays mapped of what the call mapped.</returns>
    public static MapResult Map(IPageTable table, ulong iova, ulong physical, ulong size, Protection protection, InvalidationGather gather)
    {
        ArgumentNullException.ThrowIfNull(table);
        var smallest = SmallestPage(table);
        if (((iova | physical | size) & (smallest - 1)) != 0)
            return new MapResult(Errno.EINVAL, 0);
        var (mapped, warnings) = (0UL, 0);
        while (mapped < size)
        {
            var (pageSize, count) = ChoosePage(table.PageSizeBitmap, iova + mapped, physical + mapped, size - mapped);
            var result = table.Map(iova + mapped, physical + mapped, pageSize, count, protection, gather);
            mapped += result.Mapped;
            warnings += result.Warnings;
            if (result.Errno == Errno.None)
                continue;
            Unmap(table, iova, mapped, gather);
            return new MapResult(result.Errno, 0, warnings);
        }

        return new MapResult(Errno.None, mapped, warnings);
    }

    /// <summary>Unmaps a range (iommu_unmap).</summary>
    /// <returns>Bytes unmapped; 0 when the range is not aligned to the smallest page size.</returns>
    public static ulong Unmap(IPageTable table, ulong iova, ulong size, InvalidationGather gather)
    {
        ArgumentNullException.ThrowIfNull(table);
        if (((iova | size) & (SmallestPage(table) - 1)) != 0)
            return 0;
        var unmapped = 0UL;
        while (unmapped < size)
        {
            var (pageSize, count) = ChoosePage(table.PageSizeBitmap, iova + unmapped, iova + unmapped, size - unmapped);
            var done = table.Unmap(iova + unmapped, pageSize, count, gather);
            if (done == 0)
                break;
            unmapped += done;
        }

        return unmapped;
    }

    /// <summary>The largest page size that fits, and how many of it until a larger one fits or the range ends (iommu_pgsize).</summary>
    public static (ulong PageSize, ulong Count) ChoosePage(ulong bitmap, ulong iova, ulong physical, ulong size)
    {
        var merged = iova | physical;
        var sizes = bitmap & UpTo(63 - BitOperations.LeadingZeroCount(size));
        if (merged != 0)
            sizes &= UpTo(BitOperations.TrailingZeroCount(merged));
        if (sizes == 0)
            throw new DriverException(Errno.EINVAL, $"no page size of 0x{bitmap:x} fits 0x{size:x} bytes at 0x{iova:x} -> 0x{physical:x}");
        var shift = 63 - BitOperations.LeadingZeroCount(sizes);
        var larger = bitmap & ~UpTo(shift);
        if (larger != 0)
        {
            var next = 1UL << BitOperations.TrailingZeroCount(larger);
            if (((iova ^ physical) & (next - 1)) == 0)
            {
                var offset = next - (merged & (next - 1));
                if (offset + next <= size)
                    size = offset;
            }
        }

        return (1UL << shift, size >> shift);
    }

    private static ulong UpTo(int bit) => bit >= 63 ? ulong.MaxValue : (1UL << (bit + 1)) - 1;

    private static ulong SmallestPage(IPageTable table) => 1UL << BitOperations.TrailingZeroCount(table.PageSizeBitmap);
}
