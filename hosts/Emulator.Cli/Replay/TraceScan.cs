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
        string? iommu = null;
        while (!cancellation.IsCancellationRequested && reader.TryRead(out var e))
        {
            total++;
            events[e.Name] = events.GetValueOrDefault(e.Name) + 1;
            marks.Add(e);
            iommu ??= e.Iommu;
        }

        if (!cancellation.IsCancellationRequested && !Tracepoints.Any(events.ContainsKey))
            throw new InvalidDataException($"{path}:{reader.Line}: the trace ends without an event of iommu:* (attach_device_to_domain, map, unmap)");
        return new TraceScan(events, marks, iommu, total, reader.LostNotices);
    }
}
