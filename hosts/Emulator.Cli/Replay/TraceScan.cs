using Emulator.Cli.Replay.Alignment;
using Emulator.Cli.Replay.Traces;

namespace Emulator.Cli.Replay;

/// <summary>What a first reading of a trace tells, before anything of it is replayed.</summary>
/// <param name="Events">Events by name.</param>
/// <param name="Marks">Its invalidations.</param>
/// <param name="Iommu">The IOMMU that its driver-specific events name; null when there are none.</param>
/// <param name="Total">Number of events.</param>
/// <param name="LostNotices">Notices of lost events.</param>
public sealed record TraceScan(IReadOnlyDictionary<string, long> Events, TraceMarks Marks, string? Iommu, long Total, int LostNotices)
{
    /// <summary>The devices that are added to a group in the trace.</summary>
    public required IReadOnlySet<string> Added { get; init; }

    /// <summary>Intel: whether the driver queues PASID-cache or PASID-IOTLB invalidations, which it does in scalable mode alone.</summary>
    public bool Scalable { get; init; }

    /// <summary>Intel: whether it invalidates PASID-IOTLB pages, which it does for first-level tables alone.</summary>
    public bool FirstLevel { get; init; }

    private static readonly string[] Tracepoints =
        ["add_device_to_group", "remove_device_from_group", "attach_device_to_domain", "detach_device_from_domain", "iommu.map", "iommu.unmap"];

    /// <summary>Reads a trace.</summary>
    /// <exception cref="InvalidDataException">It is no trace, or holds no IOMMU event.</exception>
    public static TraceScan Read(string path, CancellationToken cancellation)
    {
        using var reader = new TraceReader(path);
        var events = new SortedDictionary<string, long>(StringComparer.Ordinal);
        var marks = new TraceMarks();
        var total = 0L;
        var added = new HashSet<string>(StringComparer.Ordinal);
        var (scalable, firstLevel) = (false, false);
        string? iommu = null;
        while (!cancellation.IsCancellationRequested && reader.TryRead(out var e))
        {
            total++;
            events[e.Name] = events.GetValueOrDefault(e.Name) + 1;
            marks.Add(e);
            iommu ??= e.Iommu;
            if (e.Kind == TraceEventKind.AddDevice)
                added.Add(e.Device!);

            // Types of VT-d invalidation descriptors: 6 PASID-IOTLB (granularity 3: pages), 7 PASID cache.
            if (e.Kind != TraceEventKind.InvalidationQueued)
                continue;
            scalable |= (e.Descriptor0 & 0xf) is 6 or 7;
            firstLevel |= (e.Descriptor0 & 0x3f) == 0x36;
        }

        if (!cancellation.IsCancellationRequested && !Tracepoints.Any(events.ContainsKey))
            throw new InvalidDataException($"{path}:{reader.Line}: the trace ends without an event of iommu:* (attach_device_to_domain, map, unmap)");
        return new TraceScan(events, marks, iommu, total, reader.LostNotices) { Added = added, Scalable = scalable, FirstLevel = firstLevel };
    }
}
