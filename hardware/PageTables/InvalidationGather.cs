namespace Emulator.Hardware.PageTables;

/// <summary>
/// What map and unmap calls leave to be invalidated, in order, and the table pages that may be given back only after that. The driver turns it
/// into commands in <see cref="Drivers.IIommuDriver.Sync"/>. Adjacent page requests of one granule are kept as one.
/// </summary>
/// <remarks>Source: Linux include/linux/iommu.h, struct iommu_iotlb_gather.</remarks>
public sealed class InvalidationGather
{
    private readonly List<Invalidation> _requests = [];
    private readonly List<(ulong Address, ulong Bytes)> _freed = [];

    // The last request while it is a run of pages that may grow: not in the list yet. No bytes: there is none.
    private ulong _runStart;
    private ulong _runBytes;
    private ulong _runGranule;

    // Of the page requests but that run.
    private ulong _start = ulong.MaxValue;
    private ulong _end;
    private bool _immediate;

    /// <summary>The requests, oldest first.</summary>
    public IReadOnlyList<Invalidation> Requests
    {
        get
        {
            CloseRun();
            return _requests;
        }
    }

    /// <summary>Table pages to free after the invalidation.</summary>
    public IReadOnlyList<(ulong Address, ulong Bytes)> FreedTables => _freed;

    /// <summary>Lowest address of the page requests; all ones when there is none.</summary>
    public ulong Start => _runBytes == 0 ? _start : Math.Min(_start, _runStart);

    /// <summary>Last address of the page requests; 0 when there is none.</summary>
    public ulong End => _runBytes == 0 ? _end : Math.Max(_end, _runStart + (_runBytes - 1));

    /// <summary>The unmap is queued (flush queue): page requests are left out, see <see cref="AddPage"/>.</summary>
    public bool Queued { get; init; }

    /// <summary>Performs a walk request inside the page-table call that makes it, as the kernel's tlb_flush_walk does: what the call stores after it is
    /// then stored after the invalidation. Null, for callers that cannot: the request is kept for the driver's sync.</summary>
    public Action<Invalidation>? InvalidateWalk { get; init; }

    /// <summary>Performs a page request inside the page-table call that makes it, as those drivers do whose tlb_add_page writes a register. Null, for callers that
    /// cannot and drivers that gather: the request is kept for the driver's sync.</summary>
    public Action<Invalidation>? InvalidatePage
    {
        get;
        init
        {
            field = value;
            _immediate |= value != null;
        }
    }

    /// <summary>Performs the page requests so far, and clears them, when a page comes that does not continue their run: one of another granule, or neither
    /// beside nor inside it. As the kernel's iommu_iotlb_gather_add_page does, in the middle of the page-table call. Null, for callers that
    /// cannot: the requests are kept for the driver's sync, which tells the runs apart.</summary>
    public Action? InvalidateRun
    {
        get;
        init
        {
            field = value;
            _immediate |= value != null;
        }
    }

    /// <summary>How many of the pages that one call unmaps may be cleared before they are asked for together: one, where something happens in the middle of the
    /// call.</summary>
    internal ulong PagesAtOnce(ulong pages) => _immediate ? 1 : pages;

    /// <summary>Whether there is nothing to do.</summary>
    public bool IsEmpty => _runBytes == 0 && _requests.Count == 0 && _freed.Count == 0;

    /// <summary>Asks for the invalidation of leaf entries.</summary>
    public void AddPage(ulong iova, ulong size, ulong granule)
    {
        if (!Queued)
            AddPageAlways(iova, size, granule);
    }

    /// <summary>Asks for the invalidation of leaf entries even when the unmap is queued (LPAE after a split).</summary>
    public void AddPageAlways(ulong iova, ulong size, ulong granule)
    {
        if (_immediate && AddedAtOnce(iova, size, granule))
            return;
        if (_runBytes == 0 || _runGranule != granule || _runStart + _runBytes != iova)
            OpenRun(iova, granule);
        _runBytes += size;
    }

    /// <summary>Asks for the invalidation of a range with its intermediate entries.</summary>
    public void AddWalk(ulong iova, ulong size, ulong granule)
    {
        var request = new Invalidation(InvalidationKind.Walk, iova, size, granule);
        if (InvalidateWalk == null)
            Add(request);
        else
            InvalidateWalk(request);
    }

    /// <summary>Asks for the invalidation of everything.</summary>
    public void AddAll() => Add(new Invalidation(InvalidationKind.All, 0, 0, 0));

    /// <summary>Says that the top of the table moved or grew.</summary>
    public void AddRoot() => Add(new Invalidation(InvalidationKind.Root, 0, 0, 0));

    /// <summary>Keeps a table page until the invalidation is done.</summary>
    public void AddFreedTable(ulong address, ulong bytes) => _freed.Add((address, bytes));

    /// <summary>Forgets everything.</summary>
    public void Clear()
    {
        _runBytes = 0;
        _requests.Clear();
        _freed.Clear();
        _start = ulong.MaxValue;
        _end = 0;
    }

    // True when nothing is left to gather.
    private bool AddedAtOnce(ulong iova, ulong size, ulong granule)
    {
        if (InvalidatePage != null)
        {
            InvalidatePage(new Invalidation(InvalidationKind.Page, iova, size, granule));
            return true;
        }

        if (Requests.Count > 0 && (_requests[^1].Granule != granule || iova + size < Start || iova > End + 1))
            InvalidateRun!();
        return false;
    }

    private void Add(Invalidation request)
    {
        CloseRun();
        _requests.Add(request);
    }

    private void OpenRun(ulong iova, ulong granule)
    {
        CloseRun();
        (_runStart, _runGranule) = (iova, granule);
        if (_requests.Count == 0 || _requests[^1] is not { Kind: InvalidationKind.Page } last || last.Granule != granule || last.Iova + last.Size != iova)
            return;
        _requests.RemoveAt(_requests.Count - 1);
        (_runStart, _runBytes) = (last.Iova, last.Size);
    }

    private void CloseRun()
    {
        if (_runBytes == 0)
            return;
        _requests.Add(new Invalidation(InvalidationKind.Page, _runStart, _runBytes, _runGranule));
        (_start, _end) = (Start, End);
        _runBytes = 0;
    }
}
