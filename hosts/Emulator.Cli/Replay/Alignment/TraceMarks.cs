using System.Runtime.InteropServices;
using Emulator.Cli.Replay.DmaLogs;
using Emulator.Cli.Replay.Traces;
using Emulator.Hardware.Drivers;

namespace Emulator.Cli.Replay.Alignment;

/// <summary>
/// Collects the invalidations of a trace. Intel: the descriptors of <c>qi_submit</c>, one mark each. Otherwise, and where those are not recorded,
/// the <c>sync</c> after one or more unmaps of a flow (its range begins at the lowest of them), or the unmap itself where no kprobe was recorded.
/// SMMUv3 with a flush queue, where unmaps are not synced: the flushes and frees of domains.
/// AMD: the attaches and removals, which invalidate the device table entry of the device.
/// </summary>
public sealed class TraceMarks
{
    /// <summary>The number of marks that are kept; a longer trace is aligned by the first ones.</summary>
    public const int MaxMarks = 4_000_000;

    private readonly List<InvalidationMark> _queued = [];
    private readonly List<InvalidationMark> _unmapped = [];
    private readonly List<InvalidationMark> _attached = [];
    private readonly List<InvalidationMark> _flushed = [];
    private readonly HashSet<uint> _devices = [];
    private readonly Dictionary<int, DomainType> _types = [];
    private readonly Dictionary<ulong, ulong> _asids = [];
    private long _synced;
    private readonly Dictionary<(int Flow, ulong Iova), ulong> _entered = [];
    private readonly Dictionary<(int Flow, ulong Domain), ulong> _gathered = [];

    /// <summary>Takes the next event of the trace.</summary>
    public void Add(in TraceEvent e)
    {
        switch (e.Kind)
        {
            case TraceEventKind.InvalidationQueued:
                AddDescriptor(e.Time, e.Descriptor0, e.Descriptor1);
                break;
            case TraceEventKind.Attached or TraceEventKind.RemoveDevice when PciName.TryParse(e.Device, out var stream):
                // A device that is attached already is detached first: two invalidations.
                var mark = new InvalidationMark(DmaLogEntryKind.InvalidateStream, e.Time, stream.Value);
                if (!_devices.Add(stream.Value))
                    Keep(_attached, mark);
                if (e.Kind == TraceEventKind.Attached)
                    Keep(_attached, mark);
                else
                    _devices.Remove(stream.Value);
                break;
            case TraceEventKind.DomainAllocating:
                _types[e.Flow] = e.DomainType;
                break;
            case TraceEventKind.Attaching when !_asids.ContainsKey(e.Domain):
                // SMMUv3 gives a domain the lowest free ASID from 1 on, when it is attached first (6.1 arm_smmu_domain_finalise_s1).
                var asid = 0UL;
                if (_types.GetValueOrDefault(e.Flow, DomainType.Dma) != DomainType.Identity)
                {
                    do
                        asid++;
                    while (_asids.ContainsValue(asid));
                }

                _asids[e.Domain] = asid;
                break;
            case TraceEventKind.Flushing when _asids.TryGetValue(e.Domain, out var flushed) && flushed != 0:
                Keep(_flushed, new InvalidationMark(DmaLogEntryKind.InvalidateDomain, e.Time, flushed));
                break;
            case TraceEventKind.DomainFreed when _asids.Remove(e.Domain, out var freed) && freed != 0:
                Keep(_flushed, new InvalidationMark(DmaLogEntryKind.InvalidateDomain, e.Time, freed));
                break;
            case TraceEventKind.Unmapping:
                _entered[(e.Flow, e.Iova)] = e.Domain;
                break;
            case TraceEventKind.Unmapped when _entered.Remove((e.Flow, e.Iova), out var domain):
                ref var start = ref CollectionsMarshal.GetValueRefOrAddDefault(_gathered, (e.Flow, domain), out var present);
                start = present ? Math.Min(start, e.Iova) : e.Iova;
                break;
            case TraceEventKind.Unmapped:
                Keep(_unmapped, new InvalidationMark(DmaLogEntryKind.InvalidateRange, e.Time, e.Iova));
                break;
            case TraceEventKind.Syncing when _gathered.Remove((e.Flow, e.Domain), out var first):
                _synced++;
                Keep(_unmapped, new InvalidationMark(DmaLogEntryKind.InvalidateRange, e.Time, first));
                break;
        }
    }

    /// <summary>The marks to align with a log of an IOMMU.</summary>
    public IReadOnlyList<InvalidationMark> For(string iommu) => iommu == "amd" ? _attached : iommu == "arm-smmu-v3" && _flushed.Count > _synced ? _flushed : _queued.Count > 0 ? _queued : _unmapped;

    private static void Keep(List<InvalidationMark> marks, InvalidationMark mark)
    {
        if (marks.Count < MaxMarks)
            marks.Add(mark);
    }

    // Source: VT-d invalidation descriptors; types 1 (context) and 2 (IOTLB), granularities 1 global, 2 domain, 3 page or device.
    private void AddDescriptor(long time, ulong first, ulong second)
    {
        var granularity = (first >> 4) & 3;
        switch (first & 0xf)
        {
            case 1:
                Keep(_queued, new InvalidationMark(DmaLogEntryKind.InvalidateStream, time, granularity == 3 ? (first >> 32) & 0xffff : DmaLogEntry.All));
                break;
            case 2 when granularity == 3:
                Keep(_queued, new InvalidationMark(DmaLogEntryKind.InvalidateRange, time, second & ~0xfffUL));
                break;
            case 2:
                Keep(_queued, new InvalidationMark(DmaLogEntryKind.InvalidateDomain, time, granularity == 2 ? (first >> 16) & 0xffff : DmaLogEntry.All));
                break;
        }
    }
}
