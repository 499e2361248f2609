using System.Numerics;
using Emulator.Hardware.Drivers;

namespace Emulator.Hardware.DmaApi;

/// <summary>
/// The allocator of a domain's I/O virtual addresses: the highest free room below a limit, aligned to its own size, behind caches of freed ranges for each CPU. It gives
/// the addresses
/// that Linux gives for the same calls in the same order.
/// </summary>
/// <remarks>Source: Linux 6.1 and 6.12 drivers/iommu/iova.c, alloc_iova_fast, free_iova_fast. One caller at a time.</remarks>
public sealed class IovaDomain
{
    /// <summary>Powers of two of pages that are cached, from 2^0 (IOVA_RANGE_CACHE_MAX_SIZE): up to 32 pages.</summary>
    public const int CachedSizes = 6;

    /// <summary>How long 6.12's depot keeps too many magazines before it gives one back, in picoseconds (IOVA_DEPOT_DELAY).</summary>
    public const long DepotDelayPs = 100_000_000_000;

    private readonly IovaRanges _ranges;
    private readonly IovaCache[] _caches = new IovaCache[CachedSizes];
    private readonly int _cpus;
    private long _time;
    private long _trimAt = long.MaxValue;

    /// <summary>Makes an allocator with everything free.</summary>
    /// <param name="kernel">Whose rules of the depot.</param>
    /// <param name="granule">Bytes of a page, a power of two.</param>
    /// <param name="startPfn">First page that is given out, at least 1.</param>
    /// <param name="cpus">CPUs, at least 1.</param>
    /// <exception cref="ArgumentOutOfRangeException">A value is out of its range.</exception>
    public IovaDomain(KernelVersion kernel, ulong granule = 4096, ulong startPfn = 1, int cpus = 1)
    {
        ArgumentOutOfRangeException.ThrowIfLessThan(cpus, 1);
        ArgumentOutOfRangeException.ThrowIfLessThan(startPfn, 1UL);
        if (!BitOperations.IsPow2(granule) || granule > 1UL << 31)
            throw new ArgumentOutOfRangeException(nameof(granule), granule, "not a power of two below 4 GiB");
        _cpus = cpus;
        Shift = BitOperations.Log2(granule);
        _ranges = new IovaRanges(startPfn, 1UL << (32 - Shift));
        for (var i = 0; i < CachedSizes; i++)
            _caches[i] = new IovaCache(cpus, kernel);
    }

    /// <summary>Address bits within a page.</summary>
    public int Shift { get; }

    /// <summary>Allocations that a cache served.</summary>
    public long CacheAllocations { get; private set; }

    /// <summary>Allocations that were searched for.</summary>
    public long SearchedAllocations { get; private set; }

    /// <summary>How often all caches were emptied because there was no room.</summary>
    public long CacheFlushes { get; private set; }

    /// <summary>Keeps pages from being given out (reserve_iova).</summary>
    /// <param name="lowPfn">First page.</param>
    /// <param name="highPfn">Last page.</param>
    /// <exception cref="ArgumentOutOfRangeException"><paramref name="highPfn"/> is below <paramref name="lowPfn"/>.</exception>
    public void Reserve(ulong lowPfn, ulong highPfn)
    {
        ArgumentOutOfRangeException.ThrowIfLessThan(highPfn, lowPfn);
        _ranges.Reserve(lowPfn, highPfn);
    }

    /// <summary>Allocates (alloc_iova_fast). Fewer than 32 pages become the next power of two, since a cache holds one size.</summary>
    /// <param name="cpu">The CPU whose cache it is.</param>
    /// <param name="size">Pages, at least 1.</param>
    /// <param name="limitPfn">The last page that is allowed.</param>
    /// <param name="flushCaches">Whether to empty all caches and search again when there is no room.</param>
    /// <returns>The first page; 0 when there is no room.</returns>
    public ulong Allocate(int cpu, ulong size, ulong limitPfn, bool flushCaches)
    {
        var order = Order(size);
        if (order < CachedSizes)
        {
            size = 1UL << order;
            var cached = _caches[order].Pop(cpu, limitPfn + 1 - size);
            if (cached != 0)
            {
                CacheAllocations++;
                return cached;
            }
        }

        var pfn = _ranges.Allocate(size, limitPfn + 1);
        if (pfn == 0 && flushCaches)
        {
            FlushCaches();
            pfn = _ranges.Allocate(size, limitPfn + 1);
        }

        SearchedAllocations += pfn == 0 ? 0 : 1;
        return pfn;
    }

    /// <summary>Gives a range back (free_iova_fast): to the CPU's cache where its size is cached.</summary>
    /// <param name="cpu">The CPU whose cache it is.</param>
    /// <param name="pfn">The first page, as it was allocated.</param>
    /// <param name="size">Pages, as they were asked for.</param>
    public void Free(int cpu, ulong pfn, ulong size)
    {
        var order = Order(size);
        if (order >= CachedSizes)
        {
            _ranges.Free(pfn);
            return;
        }

        var cache = _caches[order];
        if (cache.Push(cpu, pfn) is { } surplus)
            GiveBack(cache, surplus);
        if (_trimAt == long.MaxValue && cache.IsOversized)
            _trimAt = _time + DepotDelayPs;
    }

    /// <summary>Empties all caches (free_cpu_cached_iovas of each CPU, then free_global_cached_iovas).</summary>
    public void FlushCaches()
    {
        CacheFlushes++;
        for (var cpu = 0; cpu < _cpus; cpu++)
        {
            foreach (var cache in _caches)
            {
                var (loaded, previous) = cache.OfCpu(cpu);
                FreeAll(loaded);
                FreeAll(previous);
            }
        }

        foreach (var cache in _caches)
        {
            while (cache.TakeDepot() is { } magazine)
                GiveBack(cache, magazine);
        }
    }

    /// <summary>Lets time pass: 6.12's depots give back what they hold too much of.</summary>
    /// <param name="timePs">Now, in picoseconds; does not go back.</param>
    public void Advance(long timePs)
    {
        _time = timePs;
        if (timePs < _trimAt)
            return;
        _trimAt = long.MaxValue;
        foreach (var cache in _caches)
        {
            if (cache.IsOversized)
                GiveBack(cache, cache.TakeDepot()!);
            if (cache.IsOversized)
                _trimAt = timePs + DepotDelayPs;
        }
    }

    private static int Order(ulong size) => size <= 1 ? 0 : BitOperations.Log2(size - 1) + 1;

    private void GiveBack(IovaCache cache, IovaMagazine magazine)
    {
        FreeAll(magazine);
        cache.Recycle(magazine);
    }

    private void FreeAll(IovaMagazine magazine)
    {
        foreach (var pfn in magazine.Pfns)
            _ranges.Free(pfn);
        magazine.Clear();
    }
}
