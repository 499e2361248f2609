using Emulator.Hardware.Drivers;
using Emulator.Hardware.PageTables;

namespace Emulator.Hardware.Core.Iommufd;

/// <summary>
/// What an I/O address space has mapped, reserved and allowed, and the domains that must always show it (struct io_pagetable). Each domain has every area mapped, or the
/// operation that would have made it so failed and changed nothing.
/// </summary>
/// <remarks>Source: Linux 6.12 drivers/iommu/iommufd/io_pagetable.c. Sequences: see <see cref="IommufdContext"/>.</remarks>
internal sealed class IoPagetable
{
    private const int UnmapTries = 100;

    private readonly List<IoArea> _areas = [];
    private readonly List<(IovaRange Range, object Owner)> _reserved = [];
    private readonly List<PagetableDomain> _domains = [];
    private readonly List<Access> _accesses = [];
    private IReadOnlyList<IovaRange> _allowed = [];

    /// <summary>What input addresses, lengths and offsets in a page must be multiples of, bytes.</summary>
    public ulong Alignment { get; private set; } = 1;

    /// <summary>Whether domains are mapped a CPU page at a time (disable_large_pages).</summary>
    public bool LargePagesDisabled { get; private set; }

    /// <summary>Whether nothing is mapped.</summary>
    public bool IsEmpty => _areas.Count == 0;

    /// <summary>What is mapped, in order.</summary>
    public IEnumerable<IovaRange> Mapped => _areas.Select(area => area.Range);

    /// <summary>What is not reserved, in order.</summary>
    public IEnumerable<IovaRange> Usable => IovaRange.All.Without(_reserved.Select(reserved => reserved.Range));

    /// <summary>Maps parts of buffers one after the other, in all domains or in none. Result: the input address, or the error.</summary>
    /// <param name="slices">The parts, at least one.</param>
    /// <param name="iova">The input address; null: found automatically.</param>
    /// <param name="protection">What devices may do.</param>
    public IEnumerable<DriverStep> Map(IReadOnlyList<PageSlice> slices, ulong? iova, Protection protection)
    {
        var areas = new List<IoArea>();
        if (Place(slices, iova, protection, areas) is var refused && refused != Errno.None)
        {
            yield return DriverStep.Fail(refused);
            yield break;
        }

        var call = new DriverCall();
        foreach (var area in areas)
        {
            foreach (var step in call.Run(() => Fill(area)))
                yield return step;
            if (!call.Failed)
                continue;
            foreach (var step in areas.TakeWhile(done => done != area).SelectMany(Unfill))
                yield return step;
            yield return call.Return;
            yield break;
        }

        var first = areas[0].Range.First;
        _areas.InsertRange(_areas.Count(area => area.Range.First < first), areas);
        yield return DriverStep.Return((long)first);
    }

    /// <summary>Unmaps the areas inside a range, asking accesses to let go. Result: bytes, or the error; what was unmapped before an error stays so.</summary>
    public IEnumerable<DriverStep> Unmap(IovaRange range)
    {
        var (unmapped, tries) = (0UL, 0);
        while (_areas.Find(area => area.Range.Overlaps(range)) is { } area)
        {
            if (!range.Contains(area.Range))
            {
                yield return DriverStep.Fail(Errno.ENOENT);
                yield break;
            }

            if (area.AccessCount > 0)
            {
                tries = area.Range.First == range.First ? tries + 1 : 1;
                range = range with { First = area.Range.First };
                area.PreventAccess = true;
                foreach (var access in _accesses.ToList())
                    access.NotifyUnmap(area.Range);
                if (tries <= UnmapTries)
                    continue;
                yield return DriverStep.Fail(Errno.EDEADLOCK);
                yield break;
            }

            foreach (var step in Unfill(area))
                yield return step;
            _areas.Remove(area);
            unmapped += area.Range.Length;
        }

        yield return DriverStep.Return((long)unmapped);
    }

    /// <summary>The areas that cover a range without a gap, in order; null: there is a gap.</summary>
    public IReadOnlyList<IoArea>? Covering(IovaRange range)
    {
        var areas = _areas.FindAll(area => area.Range.Overlaps(range));
        return range.Without(areas.Select(area => area.Range)).Any() ? null : areas;
    }

    /// <summary>Takes a range out of use for an owner.</summary>
    /// <returns>EADDRINUSE: something is mapped or allowed there.</returns>
    public Errno Reserve(IovaRange range, object owner)
    {
        if (_areas.Exists(area => area.Range.Overlaps(range)) || _allowed.Any(allowed => allowed.Overlaps(range)))
            return Errno.EADDRINUSE;
        _reserved.Add((range, owner));
        return Errno.None;
    }

    /// <summary>Reserves what a device cannot have mapped (iopt_table_enforce_dev_resv_regions): all of it or none.</summary>
    public Errno Reserve(IommuDevice device)
    {
        foreach (var region in device.ReservedRegions.Where(region => region.Type != ReservedRegionType.DirectRelaxable))
        {
            if (Reserve(region.Range, device) is var refused && refused != Errno.None)
            {
                Unreserve(device);
                return refused;
            }
        }

        return Errno.None;
    }

    /// <summary>Gives back what an owner reserved.</summary>
    public void Unreserve(object owner) => _reserved.RemoveAll(reserved => reserved.Owner == owner);

    /// <summary>Sets where automatic addresses may come from; nothing reserved may be among them later.</summary>
    /// <returns>EADDRINUSE: something there is reserved.</returns>
    public Errno Allow(IReadOnlyList<IovaRange> ranges)
    {
        if (_reserved.Exists(reserved => ranges.Any(reserved.Range.Overlaps)))
            return Errno.EADDRINUSE;
        _allowed = ranges;
        return Errno.None;
    }

    /// <summary>Adds a domain: its aperture becomes the limit, every area is mapped into it. Result: 0, or the error and nothing changed.</summary>
    public IEnumerable<DriverStep> AddDomain(PagetableDomain domain)
    {
        var alignment = Math.Max(domain.SmallestPage, Alignment);
        var refused = alignment > IoPages.PageSize ? Errno.EINVAL : CheckAlignment(alignment);
        var geometry = domain.Domain.Geometry;
        if (refused == Errno.None && geometry.First != 0)
            refused = Reserve(new IovaRange(0, geometry.First - 1), domain);
        if (refused == Errno.None && geometry.Last != ulong.MaxValue)
            refused = Reserve(new IovaRange(geometry.Last + 1, ulong.MaxValue), domain);
        var call = new DriverCall();
        var filled = 0;
        for (; refused == Errno.None && filled < _areas.Count; filled++)
        {
            foreach (var step in call.Run(() => MapInto(domain, _areas[filled])))
                yield return step;
            if (!call.Failed)
                continue;
            refused = call.Errno;
            break;
        }

        if (refused == Errno.None)
        {
            _domains.Add(domain);
            Alignment = alignment;
            yield break;
        }

        foreach (var step in _areas.Take(filled).SelectMany(area => UnmapFrom(domain, area)))
            yield return step;
        Unreserve(domain);
        yield return DriverStep.Fail(refused);
    }

    /// <summary>Takes a domain out: everything is unmapped from it.</summary>
    public IEnumerable<DriverStep> RemoveDomain(PagetableDomain domain)
    {
        if (!_domains.Remove(domain))
            yield break;
        foreach (var step in _areas.SelectMany(area => UnmapFrom(domain, area)))
            yield return step;
        Unreserve(domain);
        Realign();
    }

    /// <summary>Adds an access.</summary>
    /// <returns>EADDRINUSE: it needs whole pages, and an area is no multiple of them.</returns>
    public Errno AddAccess(Access access)
    {
        _accesses.Add(access);
        var refused = Realign();
        if (refused != Errno.None)
            _accesses.Remove(access);
        return refused;
    }

    /// <summary>Takes an access out.</summary>
    public void RemoveAccess(Access access)
    {
        _accesses.Remove(access);
        Realign();
    }

    /// <summary>Chooses between pages as large as they come and the CPU's pages.</summary>
    /// <returns>EINVAL: domains have large pages mapped already. EADDRINUSE: an area is no multiple of the CPU's page.</returns>
    public Errno SetLargePages(bool enable)
    {
        if (!enable && !LargePagesDisabled && _domains.Count > 0 && !IsEmpty)
            return Errno.EINVAL;
        var before = LargePagesDisabled;
        LargePagesDisabled = !enable;
        var refused = Realign();
        if (refused != Errno.None)
            LargePagesDisabled = before;
        return refused;
    }

    private static Errno Pin(IoArea area)
    {
        if (area.Pin != null)
            return Errno.None;
        var result = area.Pages.Pin(area.Start, area.Range.Length, out var pin);
        area.Pin = pin;
        return result;
    }

    private Errno Place(IReadOnlyList<PageSlice> slices, ulong? requested, Protection protection, List<IoArea> areas)
    {
        var length = slices.Aggregate(0UL, (sum, slice) => sum + slice.Length);
        if (length == 0 || (length & (Alignment - 1)) != 0)
            return Errno.EINVAL;
        var iova = requested ?? 0;
        var refused = requested == null
            ? IovaAllocation.Find(slices[0].Pages.UserAddress(slices[0].Start), length, Alignment, _allowed, Used, out iova)
            : Check(iova, length);
        foreach (var slice in refused == Errno.None ? slices : [])
        {
            var area = new IoArea(new IovaRange(iova, iova + (slice.Length - 1)), slice.Pages, slice.Start, protection);
            if ((protection & Protection.Write) != 0 && !slice.Pages.Writable)
                return Errno.EPERM;
            if ((slice.Pages.PageOffset(slice.Start) & (Alignment - 1)) != 0)
                return Errno.EINVAL;
            areas.Add(area);
            iova += slice.Length;
        }

        return refused;
    }

    private IEnumerable<IovaRange> Used => Mapped.Concat(_reserved.Select(reserved => reserved.Range));

    private Errno Check(ulong iova, ulong length)
    {
        if ((iova & (Alignment - 1)) != 0)
            return Errno.EINVAL;
        if (iova + (length - 1) < iova)
            return Errno.EOVERFLOW;
        var range = new IovaRange(iova, iova + (length - 1));
        if (_reserved.Exists(reserved => reserved.Range.Overlaps(range)))
            return Errno.EINVAL;
        return _areas.Exists(area => area.Range.Overlaps(range)) ? Errno.EEXIST : Errno.None;
    }

    private Errno CheckAlignment(ulong alignment) =>
        alignment > Alignment && _areas.Exists(area => !area.IsAligned(alignment)) ? Errno.EADDRINUSE : Errno.None;

    private Errno Realign()
    {
        var alignment = LargePagesDisabled ? IoPages.PageSize : 1;
        alignment = _domains.Aggregate(alignment, (most, domain) => Math.Max(most, domain.SmallestPage));
        alignment = _accesses.Aggregate(alignment, (most, access) => Math.Max(most, access.Alignment));
        var refused = CheckAlignment(alignment);
        if (refused == Errno.None)
            Alignment = alignment;
        return refused;
    }

    private IEnumerable<DriverStep> Fill(IoArea area)
    {
        var call = new DriverCall();
        for (var i = 0; i < _domains.Count; i++)
        {
            foreach (var step in call.Run(() => MapInto(_domains[i], area)))
                yield return step;
            if (!call.Failed)
                continue;
            foreach (var step in _domains.Take(i).SelectMany(done => UnmapFrom(done, area)))
                yield return step;
            Unpin(area);
            yield return call.Return;
            yield break;
        }
    }

    private IEnumerable<DriverStep> Unfill(IoArea area)
    {
        foreach (var step in _domains.SelectMany(domain => UnmapFrom(domain, area)))
            yield return step;
        Unpin(area);
    }

    private static void Unpin(IoArea area)
    {
        if (area.Pin != null)
            area.Pages.Unpin(area.Pin);
        area.Pin = null;
    }

    private IEnumerable<DriverStep> MapInto(PagetableDomain domain, IoArea area)
    {
        if (Pin(area) is var refused && refused != Errno.None)
        {
            yield return DriverStep.Fail(refused);
            yield break;
        }

        var call = new DriverCall();
        var iova = area.Range.First;
        foreach (var part in LargePagesDisabled ? area.Pin!.Ranges.SelectMany(SinglePages) : area.Pin!.Ranges)
        {
            foreach (var step in call.Run(() => domain.Driver.Map(domain.Domain, iova, part.Address, part.Length, area.Protection)))
                yield return step;
            if (call.Failed)
            {
                foreach (var step in iova == area.Range.First ? [] : Unmap(domain, new IovaRange(area.Range.First, iova - 1)))
                    yield return step;
                if (_domains.Count == 0)
                    Unpin(area);
                yield return call.Return;
                yield break;
            }

            iova += part.Length;
        }
    }

    private IEnumerable<DriverStep> UnmapFrom(PagetableDomain domain, IoArea area)
    {
        foreach (var step in Unmap(domain, area.Range))
            yield return step;
        if (_domains.Count == 0)
            Unpin(area);
    }

    private static IEnumerable<DriverStep> Unmap(PagetableDomain domain, IovaRange range) =>
        new DriverCall().Run(() => domain.Driver.Unmap(domain.Domain, range.First, range.Length));

    private static IEnumerable<PhysicalRange> SinglePages(PhysicalRange range)
    {
        for (var done = 0UL; done < range.Length;)
        {
            var part = Math.Min(range.Length - done, IoPages.PageSize - ((range.Address + done) % IoPages.PageSize));
            yield return new PhysicalRange(range.Address + done, part);
            done += part;
        }
    }
}
