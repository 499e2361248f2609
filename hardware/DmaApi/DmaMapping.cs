using System.Numerics;
using Emulator.Hardware.Dma;
using Emulator.Hardware.Drivers;
using Emulator.Hardware.PageTables;

namespace Emulator.Hardware.DmaApi;

/// <summary>
/// The DMA API of the devices of one domain, as Linux's drivers call it: gives memory addresses for the device, maps them through the IOMMU's driver, and undoes that at
/// once
/// (<see cref="DmaMode.Strict"/>), later (<see cref="DmaMode.Lazy"/>), or has nothing to do (<see cref="DmaMode.PassThrough"/>).
/// </summary>
/// <remarks>Source: Linux 6.1 drivers/iommu/dma-iommu.c, struct iommu_dma_cookie and iommu_dma_ops; 6.12 differs in when it turns to addresses above 4 GiB. One caller at
/// a time: the
/// kernel's CPUs are told apart by number only. Time comes in with each call, in picoseconds, and does not go back; what is due by then is done first.</remarks>
public sealed class DmaMapping
{
    /// <summary>The address that a failed mapping gives (DMA_MAPPING_ERROR).</summary>
    public const ulong Error = ulong.MaxValue;

    private const ulong Last32 = uint.MaxValue;

    private readonly IIommuDriver _driver;
    private readonly IommuDomain _domain;
    private readonly Func<IEnumerable<DriverStep>, long> _perform;
    private readonly DmaMappingOptions _options;
    private readonly Protection _cache;
    private readonly IPageTable? _table;
    private readonly InvalidationGather _gather = new();
    private readonly InvalidationGather _queueGather = new() { Queued = true };
    private readonly ulong _granule;
    private readonly ulong _lastAddress;
    private readonly ScatterLayout _layout;
    private readonly Dictionary<ulong, ulong> _msiPages = [];
    private bool _triesBelow4G;

    /// <summary>Makes the DMA API of a domain.</summary>
    /// <param name="driver">The IOMMU's driver.</param>
    /// <param name="domain">The domain, finalised: paging, or for <see cref="DmaMode.PassThrough"/> any.</param>
    /// <param name="perform">Performs a sequence of the driver's and gives its result: here the caller counts steps and time.</param>
    /// <param name="options">Mode, limits of the device, machine.</param>
    /// <exception cref="ArgumentException">The domain does not page, a lazy one is of a driver that maps by itself, or a size is no power of two that fits.</exception>
    public DmaMapping(IIommuDriver driver, IommuDomain domain, Func<IEnumerable<DriverStep>, long> perform, DmaMappingOptions? options = null)
    {
        ArgumentNullException.ThrowIfNull(driver);
        ArgumentNullException.ThrowIfNull(domain);
        (_driver, _domain, _perform, _options) = (driver, domain, perform, options ?? new DmaMappingOptions());
        ArgumentOutOfRangeException.ThrowIfLessThan(_options.MaskBits, 1, nameof(options));
        ArgumentOutOfRangeException.ThrowIfGreaterThan(_options.MaskBits, 64, nameof(options));
        if (_options.Mode != DmaMode.PassThrough && !domain.IsPaging)
            throw new ArgumentException($"a domain of type {domain.Type} maps nothing", nameof(domain));
        _table = MapsByCore(driver) ? domain.PageTable : null;
        if (!BitOperations.IsPow2(_options.SegmentBoundary + 1))
            throw new ArgumentException($"a segment boundary of 0x{_options.SegmentBoundary:x} is no power of two minus 1", nameof(options));
        var pages = domain.PageTable?.PageSizeBitmap ?? 4096;
        _granule = _options.Granule == 0 ? pages & (~pages + 1) : _options.Granule;
        if (!BitOperations.IsPow2(_granule) || _granule < (pages & (~pages + 1)))
            throw new ArgumentException($"a granule of 0x{_granule:x} bytes does not fit the pages 0x{pages:x}", nameof(options));
        _cache = _options.IsCoherent ? Protection.Cache : Protection.None;
        _layout = new ScatterLayout(_granule, _options.SegmentBoundary, _options.MaxSegmentSize);

        // Where the aperture of a domain ends (force_aperture); drivers of tables end it with the table.
        _lastAddress = Math.Min(ulong.MaxValue >> (64 - _options.MaskBits), Math.Min(domain.Geometry.Last, ulong.MaxValue >> (64 - (domain.PageTable?.InputBits ?? 64))));
        _triesBelow4G = _options.IsPci && !_options.ForceDac && _lastAddress > Last32;
        Iovas = new IovaDomain(driver.Kernel, _granule, Math.Max(1, domain.Geometry.First / _granule), _options.Cpus);
        foreach (var (first, last) in _options.Reserved)
            Iovas.Reserve(first >> Iovas.Shift, last >> Iovas.Shift);
        if (_options.Mode == DmaMode.Lazy)
            BecomeLazy();
    }

    /// <summary>What was done.</summary>
    public DmaMappingCounts Counts { get; } = new();

    /// <summary>The allocator of addresses; unused in <see cref="DmaMode.PassThrough"/>.</summary>
    public IovaDomain Iovas { get; }

    /// <summary>The flush queue of <see cref="DmaMode.Lazy"/>; null in other modes.</summary>
    public FlushQueue? Queue { get; private set; }

    /// <summary>The time by which <see cref="Advance"/> has something to do; <see cref="long.MaxValue"/> when there is nothing.</summary>
    public long NextTimerPs => Queue?.DeadlinePs ?? long.MaxValue;

    /// <summary>Does what is due: the flush queue's timer. A caller that lets DMA fall between calls comes here at <see cref="NextTimerPs"/>; one that does not is late,
    /// as a softirq is.</summary>
    /// <param name="timePs">Now.</param>
    public void Advance(long timePs)
    {
        Iovas.Advance(timePs);
        if (Queue != null && timePs >= Queue.DeadlinePs)
            Queue.Expire(Queue.TimerCpu, timePs);
    }

    /// <summary>Turns a strict domain to <see cref="DmaMode.Lazy"/> while it is in use, as the group's sysfs file does (type DMA-FQ; iommu_dma_init_fq). There is no way
    /// back.</summary>
    /// <exception cref="ArgumentException">The driver maps by itself, or nothing is translated: such invalidations cannot be deferred.</exception>
    public void BecomeLazy()
    {
        if (_table == null || _options.Mode == DmaMode.PassThrough)
            throw new ArgumentException($"invalidations of a {_domain.Type} domain of this driver cannot be deferred", "domain");
        _domain.Type = DomainType.DmaFlushQueue;
        Queue ??= new FlushQueue(_options.FlushQueue, _options.Cpus, Iovas, FlushAll, _table.Release);
    }

    /// <summary>Maps memory that is contiguous (dma_map_page).</summary>
    /// <param name="physical">First byte.</param>
    /// <param name="size">Bytes, at least 1.</param>
    /// <param name="direction">Which way data goes.</param>
    /// <param name="cpu">The CPU.</param>
    /// <param name="timePs">Now.</param>
    /// <returns>The address for the device; <see cref="Error"/> when there is no address or no memory for tables.</returns>
    public ulong MapPage(ulong physical, ulong size, DmaDirection direction, int cpu, long timePs)
    {
        var segment = new ScatterSegment(physical, size);
        return Map(new ReadOnlySpan<ScatterSegment>(in segment), size, Allowed(direction) | _cache, cpu, timePs) is var address and not Error
            ? address + Offset(physical)
            : Error;
    }

    /// <summary>Undoes <see cref="MapPage"/> (dma_unmap_page).</summary>
    /// <param name="address">The address it gave.</param>
    /// <param name="size">Bytes, as they were mapped.</param>
    /// <param name="cpu">The CPU.</param>
    /// <param name="timePs">Now.</param>
    public void UnmapPage(ulong address, ulong size, int cpu, long timePs)
    {
        Advance(timePs);
        Counts.Unmaps++;
        if (_options.Mode == DmaMode.PassThrough)
            return;
        var first = address & ~(_granule - 1);
        var length = Pages(Offset(address) + size);
        Counts.IommuUnmaps++;
        if (Queue == null)
        {
            Counts.Syncs++;
            Perform(Unmap(first, length));
            Iovas.Free(cpu, first >> Iovas.Shift, length >> Iovas.Shift);
            return;
        }

        DomainPaging.Unmap(_table!, first, length, _queueGather);
        Queue.Add(cpu, first >> Iovas.Shift, length >> Iovas.Shift, _queueGather.FreedTables, timePs);
        _queueGather.Clear();
    }

    /// <summary>Maps a scatter list to one range of addresses (dma_map_sg).</summary>
    /// <param name="segments">The list, at least one segment.</param>
    /// <param name="mapped">Receives the segments for the device; as long as the list at least.</param>
    /// <param name="direction">Which way data goes.</param>
    /// <param name="cpu">The CPU.</param>
    /// <param name="timePs">Now.</param>
    /// <returns>How many segments there are for the device; 0 when there is no address or no memory for tables.</returns>
    public int MapScatterList(ReadOnlySpan<ScatterSegment> segments, Span<DmaSegment> mapped, DmaDirection direction, int cpu, long timePs)
    {
        if (segments.IsEmpty)
            return 0;
        var bytes = 0UL;
        foreach (var segment in segments)
            bytes += segment.Length;
        var address = Map(segments, bytes, Allowed(direction) | _cache, cpu, timePs);
        if (address == Error)
            return 0;
        if (_options.Mode != DmaMode.PassThrough)
            return _layout.Merge(segments, address, mapped);
        for (var i = 0; i < segments.Length; i++)
            mapped[i] = new DmaSegment(segments[i].Physical, segments[i].Length);
        return segments.Length;
    }

    /// <summary>Undoes <see cref="MapScatterList"/> (dma_unmap_sg): the list is one range of addresses.</summary>
    /// <param name="mapped">The segments that it gave.</param>
    /// <param name="cpu">The CPU.</param>
    /// <param name="timePs">Now.</param>
    public void UnmapScatterList(ReadOnlySpan<DmaSegment> mapped, int cpu, long timePs)
    {
        if (!mapped.IsEmpty)
            UnmapPage(mapped[0].Address, mapped[^1].Address + mapped[^1].Length - mapped[0].Address, cpu, timePs);
    }

    /// <summary>Maps memory that device and CPU share for long (dma_alloc_coherent): the caller has allocated it.</summary>
    /// <param name="memory">Its parts in order, whole pages each; one part where it is contiguous.</param>
    /// <param name="cpu">The CPU.</param>
    /// <param name="timePs">Now.</param>
    /// <returns>The first address, of a contiguous range; <see cref="Error"/> as for <see cref="MapPage"/>. In <see cref="DmaMode.PassThrough"/> the memory must be one
    /// part.</returns>
    public ulong AllocateCoherent(ReadOnlySpan<ScatterSegment> memory, int cpu, long timePs)
    {
        if (memory.IsEmpty || (_options.Mode == DmaMode.PassThrough && memory.Length > 1))
            return Error;
        var bytes = 0UL;
        foreach (var part in memory)
            bytes += part.Length;
        return Map(memory, bytes, Protection.Read | Protection.Write | _cache, cpu, timePs);
    }

    /// <summary>Undoes <see cref="AllocateCoherent"/> (dma_free_coherent).</summary>
    /// <param name="address">The address it gave.</param>
    /// <param name="size">Bytes.</param>
    /// <param name="cpu">The CPU.</param>
    /// <param name="timePs">Now.</param>
    public void FreeCoherent(ulong address, ulong size, int cpu, long timePs) => UnmapPage(address, size, cpu, timePs);

    /// <summary>Maps the doorbell of an interrupt controller, once for the domain and for ever (iommu_dma_prepare_msi, where the IOMMU does not set aside addresses for
    /// it).</summary>
    /// <param name="physical">The doorbell.</param>
    /// <param name="cpu">The CPU.</param>
    /// <param name="timePs">Now.</param>
    /// <returns>Its address for the device; <see cref="Error"/> as for <see cref="MapPage"/>.</returns>
    public ulong MapDoorbell(ulong physical, int cpu, long timePs)
    {
        var page = physical - Offset(physical);
        if (_msiPages.TryGetValue(page, out var address))
            return address + Offset(physical);
        var segment = new ScatterSegment(page, _granule);
        address = Map(new ReadOnlySpan<ScatterSegment>(in segment), _granule, Protection.Write | Protection.NoExecute | Protection.Mmio, cpu, timePs);
        if (address == Error)
            return Error;
        _msiPages.Add(page, address);
        return address + Offset(physical);
    }

    /// <summary>Whether an address was unmapped but not flushed yet: DMA there may still land in memory that is no longer the device's.</summary>
    public bool IsExposed(ulong address) => Queue?.IsExposed(address >> Iovas.Shift) ?? false;

    // Drivers that have no map of their own leave it to the core's: then a list is synced once, and gathers are used again.
    private static bool MapsByCore(IIommuDriver driver)
    {
        var map = driver.GetType().GetInterfaceMap(typeof(IIommuDriver));
        return map.TargetMethods[Array.FindIndex(map.InterfaceMethods, method => method.Name == nameof(IIommuDriver.Map))].DeclaringType == typeof(IIommuDriver);
    }

    private static Protection Allowed(DmaDirection direction) => direction switch
    {
        DmaDirection.ToDevice => Protection.Read,
        DmaDirection.FromDevice => Protection.Write,
        _ => Protection.Read | Protection.Write,
    };

    private ulong Offset(ulong address) => address & (_granule - 1);

    private ulong Pages(ulong bytes) => (bytes + _granule - 1) & ~(_granule - 1);

    // The range's first address; for a page the caller adds the offset. Pass-through has none to add.
    private ulong Map(ReadOnlySpan<ScatterSegment> segments, ulong bytes, Protection protection, int cpu, long timePs)
    {
        Advance(timePs);
        var address = _options.Mode == DmaMode.PassThrough ? PassThrough(segments) : Translate(segments, protection, cpu);
        if (address == Error)
        {
            Counts.FailedMaps++;
            return Error;
        }

        Counts.Maps++;
        Counts.Bytes += bytes;
        return address;
    }

    private ulong PassThrough(ReadOnlySpan<ScatterSegment> segments)
    {
        foreach (var segment in segments)
        {
            if (segment.Physical + segment.Length - 1 > _lastAddress)
                return Error;
        }

        return segments[0].Physical - Offset(segments[0].Physical);
    }

    private ulong Translate(ReadOnlySpan<ScatterSegment> segments, Protection protection, int cpu)
    {
        var length = _layout.Length(segments);
        var pfn = AllocateIova(cpu, length >> Iovas.Shift);
        if (pfn == 0)
            return Error;
        var address = pfn << Iovas.Shift;
        if (MapAll(segments, address, length, protection))
            return address;
        Iovas.Free(cpu, pfn, length >> Iovas.Shift);
        return Error;
    }

    // 6.1 asks below 4 GiB first each time; 6.12 until that fails once (dev->iommu->pci_32bit_workaround).
    private ulong AllocateIova(int cpu, ulong pages)
    {
        if (_triesBelow4G)
        {
            var pfn = Iovas.Allocate(cpu, pages, Last32 >> Iovas.Shift, flushCaches: false);
            if (pfn != 0)
                return pfn;
            _triesBelow4G = _driver.Kernel == KernelVersion.Linux61;
        }

        return Iovas.Allocate(cpu, pages, _lastAddress >> Iovas.Shift, flushCaches: true);
    }

    // One mapping for each physically contiguous part, and one iotlb_sync_map for all (iommu_map_sg).
    private bool MapAll(ReadOnlySpan<ScatterSegment> segments, ulong address, ulong length, Protection protection)
    {
        var (before, start, size) = (0UL, 0UL, 0UL);
        for (var i = 0; i < segments.Length; i++)
        {
            var physical = segments[i].Physical - Offset(segments[i].Physical);
            var taken = _layout.Length(segments, i, before + size);
            if (size != 0 && physical != start + size)
            {
                if (!MapPart(address, before, start, size, protection))
                    return false;
                before += size;
                size = 0;
            }

            start = size == 0 ? physical : start;
            size += taken;
        }

        if (!MapPart(address, before, start, size, protection))
            return false;
        if (_table != null)
            Perform(_driver.SyncMap(_domain, new Iova(address), length, _gather));
        return true;
    }

    private bool MapPart(ulong address, ulong before, ulong physical, ulong size, Protection protection)
    {
        Counts.IommuMaps++;
        if (_table != null)
        {
            if (DomainPaging.Map(_table, address + before, physical, size, protection, _gather).Errno == Errno.None)
                return true;
            Perform(_driver.Sync(_domain, _gather));
        }
        else if (_perform(_driver.Map(_domain, address + before, physical, size, protection)) >= 0)
        {
            return true;
        }

        if (before != 0)
            Perform(Unmap(address, before));
        return false;
    }

    // Some drivers leave their gather as it is after a sync.
    private void Perform(IEnumerable<DriverStep> sequence)
    {
        _perform(sequence);
        _gather.Clear();
    }

    private IEnumerable<DriverStep> Unmap(ulong address, ulong size) =>
        _table == null ? _driver.Unmap(_domain, address, size) : DomainMapping.Unmap(_driver, _domain, address, size, _gather);

    private void FlushAll()
    {
        Counts.Flushes++;
        _perform(_driver.FlushAll(_domain));
    }
}
