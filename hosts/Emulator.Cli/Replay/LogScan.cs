using Emulator.Cli.Replay.Alignment;
using Emulator.Cli.Replay.DmaLogs;

namespace Emulator.Cli.Replay;

/// <summary>What a first reading of a DMA log tells.</summary>
/// <param name="Iommu">The IOMMU that wrote it, as the catalogue names it; null when the reading was ended early.</param>
/// <param name="Marks">Its invalidations.</param>
/// <param name="Requests">Requests that it tells the outcome of.</param>
/// <param name="Scalable">Whether VT-d was in scalable mode.</param>
public sealed record LogScan(string? Iommu, IReadOnlyList<InvalidationMark> Marks, long Requests, bool Scalable)
{
    /// <summary>Reads a log.</summary>
    /// <exception cref="InvalidDataException">It is no log, or one of another IOMMU.</exception>
    public static LogScan Read(string path, string? iommu, CancellationToken cancellation)
    {
        using var reader = new DmaLogReader(path, iommu);
        var marks = new List<InvalidationMark>();
        var requests = 0L;
        while (!cancellation.IsCancellationRequested && reader.TryRead(out var entry))
        {
            if (entry.Kind is DmaLogEntryKind.Translated or DmaLogEntryKind.Bypassed or DmaLogEntryKind.Refused)
                requests++;
            else if (entry.Kind != DmaLogEntryKind.Other && marks.Count < TraceMarks.MaxMarks)
                marks.Add(new InvalidationMark(entry.Kind, entry.Time, entry.Kind == DmaLogEntryKind.InvalidateRange ? entry.Iova : entry.Target));
        }

        if (reader.Iommu == null && !cancellation.IsCancellationRequested)
            throw new InvalidDataException($"{path}:{reader.Line}: the log ends without an event of vtd_*, smmuv3_* or amdvi_*");
        return new LogScan(reader.Iommu, marks, requests, reader.Scalable);
    }
}
