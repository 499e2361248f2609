using Emulator.Cli.Replay.Traces;
using Emulator.Hardware.DmaApi;
using Emulator.Hardware.Drivers;
using Emulator.Hardware.PageTables;

namespace Emulator.Cli.Replay.Loads;

/// <summary>Puts the DMA API's calls together from the events of a trace: the kprobe at their entry, the tracepoints of what they map and unmap, and the invalidation
/// that ends them.</summary>
/// <remarks>
/// The order of calls on one CPU decides which addresses are given, and lines do not always tell it: an interrupt may fall between the entry of a mapping and the
/// driver's map. An address that
/// was in use at the entry was given after the interrupt; any other before it. What kprobes miss - they are skipped in an interrupt that hits another kprobe - the
/// tracepoints tell, which
/// are never missing.
/// </remarks>
internal sealed class DmaCallReader
{
    private const ulong PageMask = 0xfff;
    private const long Microsecond = 1_000_000;

    private readonly Dictionary<long, RecordedFlow> _flows = [];
    private readonly Dictionary<ulong, RecordedDomain> _domains = [];
    private readonly Dictionary<string, RecordedDomain> _domainOf = new(StringComparer.Ordinal);
    private readonly Dictionary<int, RecordedDomain> _domainOfId = [];
    private readonly Dictionary<int, DomainType> _types = [];
    private readonly List<RecordedDomain> _all = [];
    private readonly List<RecordedDmaCall> _calls = [];
    private string? _iommu;
    private int _cpus = 1;
    private long _maps;
    private long _unmaps;
    private long _syncs;
    private long _descriptors;
    private long _flushes;
    private long _recoveredUnmaps;
    private long _recoveredFlushes;
    private long _guesses;
    private long _unmatched;
    private long _afterInterrupt;

    /// <summary>Takes the next event.</summary>
    public void Add(in TraceEvent e, int line)
    {
        _cpus = Math.Max(_cpus, e.Cpu + 1);
        _iommu ??= e.Iommu;
        var key = e.Level == 0 ? e.Flow : -1_000_000L - (e.Cpu * 4L) - e.Level;
        if (!_flows.TryGetValue(key, out var flow))
            _flows[key] = flow = new RecordedFlow();
        var now = (Line: line, TimePs: e.Time * Microsecond);
        var invalidates = e.Kind is TraceEventKind.Syncing or TraceEventKind.Flushing or TraceEventKind.InvalidationQueued or TraceEventKind.CommandsIssued;
        if (!invalidates)
            EndUnmap(flow);
        switch (e.Kind)
        {
            case TraceEventKind.DomainAllocating:
                _types[e.Flow] = e.DomainType;
                break;
            case TraceEventKind.DomainAllocated when e.Domain != 0:
                _domains.Remove(e.Domain);
                Find(e.Domain, e.Flow);
                break;
            case TraceEventKind.DomainFreed:
                _domains.Remove(e.Domain);
                break;
            case TraceEventKind.Attaching:
                _domainOf[e.Device!] = Find(e.Domain, e.Flow);
                break;
            case TraceEventKind.DmaApi:
                Enter(e, flow, now);
                break;
            case TraceEventKind.Mapping or TraceEventKind.Unmapping:
                flow.Domain = Find(e.Domain, e.Flow).Index;
                flow.IsDoorbell = e.Protection.HasFlag(Protection.Mmio);
                flow.Mapping = now;
                break;
            case TraceEventKind.Mapped:
                Map(e, flow, now);
                break;
            case TraceEventKind.Unmapped:
                Unmap(e, flow, now);
                break;
            case TraceEventKind.QueueFlushing:
                (flow.Expired, flow.Open) = (now, null);
                break;
            case TraceEventKind.Syncing:
                flow.Invalidated = Find(e.Domain, e.Flow).Index;
                _syncs += _all[flow.Invalidated].IsDma ? 1 : 0;
                Sync(flow, now);
                break;
            case TraceEventKind.Flushing:
                Flush(Find(e.Domain, e.Flow), flow, now, e.Cpu);
                break;
            case TraceEventKind.InvalidationQueued:
                Descriptor(e, flow, now);
                break;
            case TraceEventKind.CommandsIssued:
                Sync(flow, now);
                EndFlush(flow, now);
                break;
            default:
                flow.Open = null;
                break;
        }
    }

    /// <summary>Ends the reading.</summary>
    public RecordedDmaCalls Finish()
    {
        foreach (var flow in _flows.Values)
            EndUnmap(flow);
        var ordered = _calls.OrderBy(call => call.Line).ToList();
        return new RecordedDmaCalls
        {
            Calls = ordered,
            Recorded = new RecordedCounts
            {
                IommuMaps = _maps,
                IommuUnmaps = _unmaps,
                Syncs = _iommu == "intel" ? _descriptors : _syncs + _all.Sum(domain => domain.Unsynced),
                Flushes = _flushes,
            },
            Domains = _all.Count,
            Cpus = _cpus,
            Iommu = _iommu,
            LazyDomains = [.. _all.Select(domain => domain.BeganLazy)],
            RecoveredUnmaps = _recoveredUnmaps,
            RecoveredFlushes = _recoveredFlushes,
            GuessedDomains = _guesses,
            UnmatchedUnmaps = _unmatched,
            MapsAfterInterrupt = _afterInterrupt,
            ReclaimsByOwner = FlushRaces.Decide(ordered, _cpus),
        };
    }

    private RecordedDomain Find(ulong address, int flow)
    {
        if (_domains.TryGetValue(address, out var domain))
            return domain;
        domain = new RecordedDomain(_all.Count, _types.Remove(flow, out var type) ? type : DomainType.Dma);
        _all.Add(domain);
        _domains.Add(address, domain);
        return domain;
    }

    private void Enter(in TraceEvent e, RecordedFlow flow, (int Line, long TimePs) now)
    {
        flow.Domain = -1;
        flow.Open = null;
        flow.Unmapping = e.Device;
        RecordedCallKind? kind = e.Name switch
        {
            "dma_map_page" => RecordedCallKind.MapPage,
            "dma_map_sg" => RecordedCallKind.MapScatterList,
            "dma_alloc" => RecordedCallKind.AllocateCoherent,
            _ => null,
        };
        if (kind == null)
            return;
        flow.Entered = now;
        flow.Open = new RecordedDmaCall
        {
            Kind = kind.Value,
            Domain = _domainOf.TryGetValue(e.Device!, out var domain) ? domain.Index : -1,
            Device = e.Device,
            Cpu = e.Cpu,
            Direction = e.Direction,
            Size = e.Size,
            Offset = e.Offset & PageMask,
            Segments = e.Segments,
        };
    }

    private void Map(in TraceEvent e, RecordedFlow flow, (int Line, long TimePs) now)
    {
        var index = flow.Domain >= 0 ? flow.Domain : flow.Open?.Domain ?? -1;
        var mapping = flow.Domain >= 0 ? flow.Mapping : now;
        flow.Domain = -1;
        if (index < 0 || !_all[index].IsDma)
            return;
        var domain = _all[index];
        var call = flow.Open;
        if (call is { Memory.Count: > 0 } && call.Iova + Length(call) != e.Iova)
            call = flow.Open = null;
        if (call == null && !flow.IsDoorbell)
            return;
        _maps++;
        var (kind, entered) = (call?.Kind ?? RecordedCallKind.MapDoorbell, call == null ? mapping : flow.Entered);
        if (call == null || call.Memory.Count == 0)
        {
            // An address that is given again was flushed: where no line tells, just before.
            if (domain.IsQueued(e.Iova))
                ImplyFlush(domain, e.Cpu, entered);
            var after = call != null && domain.WasBusy(e.Iova, entered.Line);
            _afterInterrupt += after ? 1 : 0;
            call = new RecordedDmaCall
            {
                Kind = kind,
                Domain = index,
                Device = call?.Device,
                Cpu = call?.Cpu ?? e.Cpu,
                Direction = call?.Direction ?? DmaDirection.FromDevice,
                Size = call?.Size ?? e.Size,
                Offset = call?.Offset ?? 0,
                Segments = call?.Segments ?? 0,
                Iova = e.Iova,
            };
            (call.Line, call.TimePs) = after ? mapping : entered;
            _calls.Add(call);
            domain.Live[e.Iova] = call;
        }

        call.Memory.Add(new ScatterSegment(e.Physical, e.Size));
        if (kind == RecordedCallKind.MapScatterList)
            call.Size = Length(call);
        flow.Open = kind is RecordedCallKind.MapPage or RecordedCallKind.MapDoorbell ? null : call;
    }

    private static ulong Length(RecordedDmaCall call)
    {
        var length = 0UL;
        foreach (var part in call.Memory)
            length += part.Length;
        return length;
    }

    private void Unmap(in TraceEvent e, RecordedFlow flow, (int Line, long TimePs) now)
    {
        var told = flow.Domain >= 0;
        var domain = told ? _all[flow.Domain] : Mapped(e.Iova, e.Size);
        (flow.Domain, flow.Open) = (-1, null);
        if (domain is { IsDma: false })
            return;
        if (domain == null || !domain.Live.Remove(e.Iova, out var mapped))
        {
            _unmatched++;
            return;
        }

        _unmaps++;
        _recoveredUnmaps += told ? 0 : 1;
        domain.Unmapped(e.Iova, now.Line, e.Cpu);
        var call = new RecordedDmaCall
        {
            Kind = RecordedCallKind.Unmap,
            Domain = domain.Index,
            Device = told ? flow.Unmapping : mapped.Device,
            Cpu = e.Cpu,
            Direction = mapped.Direction,
            Iova = e.Iova,
            Size = e.Size,
            Recovered = !told,
        };
        (call.Line, call.TimePs) = now;
        _calls.Add(call);
        (flow.Unmapped, flow.Synced) = (call, false);
    }

    // The domain that mapped the range last, when no kprobe tells.
    private RecordedDomain? Mapped(ulong iova, ulong size)
    {
        RecordedDomain? found = null;
        var line = -1;
        foreach (var domain in _all)
        {
            if (!domain.Live.TryGetValue(iova, out var call) || Length(call) != size)
                continue;
            _guesses += found == null ? 0 : 1;
            if (call.Line > line)
                (found, line) = (domain, call.Line);
        }

        return found;
    }

    // A strict unmap's address is free when its invalidation is done.
    private void Sync(RecordedFlow flow, (int Line, long TimePs) now)
    {
        if (flow.Unmapped is not { } call || _all[call.Domain].IsLazy)
            return;
        flow.Synced = true;
        (call.Line, call.TimePs) = now;
        _all[call.Domain].LastUnmapped[call.Iova] = now.Line;
    }

    private void EndUnmap(RecordedFlow flow)
    {
        if (flow.Unmapped is { } call && !_all[call.Domain].IsLazy)
            _all[call.Domain].StrictlyUnmapped(call.Line, flow.Synced);
        flow.Unmapped = null;
    }

    private void Flush(RecordedDomain domain, RecordedFlow flow, (int Line, long TimePs) now, int cpu)
    {
        flow.Invalidated = domain.Index;
        if (flow.Expired != null && domain is { IsDma: true, IsLazy: false })
            AddFlush(RecordedCallKind.BecomeLazy, domain, cpu, (domain.BecomeLazy(), now.TimePs));
        if (!domain.IsLazy || (flow.Expired == null && flow.Unmapped == null))
            return;
        if (flow.Expired is not { } begun)
        {
            FlushFull(domain, now);
            return;
        }

        _flushes++;
        AddFlush(RecordedCallKind.BeginFlush, domain, cpu, begun);
        flow.Flush = AddFlush(RecordedCallKind.FinishFlush, domain, cpu, now);
        flow.Expired = null;
        domain.Flushed(begun.Line, now.Line);
    }

    // A ring that an unmap fills up is flushed by that unmap: there is no call to play.
    private void FlushFull(RecordedDomain domain, (int Line, long TimePs) now)
    {
        _flushes++;
        domain.Flushed(now.Line, now.Line);
    }

    private void ImplyFlush(RecordedDomain domain, int cpu, (int Line, long TimePs) now)
    {
        _flushes++;
        _recoveredFlushes++;
        AddFlush(RecordedCallKind.BeginFlush, domain, cpu, now);
        AddFlush(RecordedCallKind.FinishFlush, domain, cpu, now);
        domain.Flushed(now.Line, now.Line);
    }

    private RecordedDmaCall AddFlush(RecordedCallKind kind, RecordedDomain domain, int cpu, (int Line, long TimePs) at)
    {
        var call = new RecordedDmaCall { Kind = kind, Domain = domain.Index, Cpu = cpu, Line = at.Line, TimePs = at.TimePs };
        _calls.Add(call);
        return call;
    }

    private void EndFlush(RecordedFlow flow, (int Line, long TimePs) now)
    {
        if (flow.Flush is not { } call)
            return;
        (call.Line, call.TimePs) = now;
        var domain = _all[call.Domain];
        domain.LastFlush = domain.LastFlush with { Finished = now.Line };
        flow.Flush = null;
    }

    // IOTLB (2) and PASID-IOTLB (6) descriptors: granularity 2 is a whole domain, 3 pages of it; the domain id is in bits 31:16. One that follows a
    // context-cache (1) or PASID-cache (7) descriptor is a detach's.
    private void Descriptor(in TraceEvent e, RecordedFlow flow, (int Line, long TimePs) now)
    {
        var (type, granularity, id) = (e.Descriptor0 & 0xf, (e.Descriptor0 >> 4) & 3, (int)((e.Descriptor0 >> 16) & 0xffff));
        if (type is 1 or 7)
            EndUnmap(flow);
        var detaches = flow.Detaches;
        flow.Detaches = type is 1 or 7;
        if (type is not (2 or 6) || granularity < 2 || detaches)
            return;
        if (flow.Unmapped is { } unmapped && !_all[unmapped.Domain].IsLazy)
        {
            _descriptors++;
            _domainOfId[id] = _all[unmapped.Domain];
            Sync(flow, now);
        }
        else if (flow.Invalidated >= 0)
        {
            _domainOfId[id] = _all[flow.Invalidated];
            EndFlush(flow, now);
        }
        else if (granularity == 2 && _domainOfId.GetValueOrDefault(id) is { IsLazy: true } domain)
        {
            if (domain.IsFull(e.Cpu))
                FlushFull(domain, now);
            else
                ImplyFlush(domain, e.Cpu, now);
        }

        flow.Invalidated = -1;
    }
}
