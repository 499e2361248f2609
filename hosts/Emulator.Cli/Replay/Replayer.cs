using Emulator.Cli.Replay.Alignment;
using Emulator.Cli.Replay.Checks;
using Emulator.Cli.Replay.DmaLogs;
using Emulator.Cli.Replay.Host;
using Emulator.Cli.Replay.Traces;
using Emulator.Hardware.Drivers;
using Emulator.Hardware.Iommus;
using Emulator.Hardware.Translation;

namespace Emulator.Cli.Replay;

/// <summary>Replays a Linux trace on an emulated host, and a DMA log recorded beside it through the host's silicon.</summary>
public static class Replayer
{
    private const int ProgressInterval = 4096;

    /// <summary>Replays.</summary>
    /// <param name="options">What.</param>
    /// <param name="progress">Told how far it is.</param>
    /// <param name="cancellation">Ends it early with the result so far.</param>
    /// <exception cref="InvalidDataException">Trace or log are bad; the message is one line that names file, line and reason.</exception>
    public static ReplayResult Run(ReplayOptions options, Action<string>? progress = null, CancellationToken cancellation = default)
    {
        ArgumentNullException.ThrowIfNull(options);
        progress?.Invoke("reading");
        var scan = TraceScan.Read(options.Trace, cancellation);
        var (logIommu, logMarks) = options.DmaLog == null ? (null, []) : ReadMarks(options.DmaLog, options.Iommu, cancellation);
        var iommu = options.Iommu ?? logIommu ?? scan.Iommu ?? "intel";
        var alignment = options.DmaLog == null || cancellation.IsCancellationRequested ? null : Align(options, scan.Marks.For(iommu), logMarks, iommu);
        var room = IommuCatalog.Find(iommu)
            ?? throw new InvalidDataException($"--iommu: there is no '{iommu}'; there are {string.Join(", ", IommuCatalog.Rooms.Select(r => r.Name))}");

        using var host = new ReplayHost(room.Create(new PlatformOptions { Kernel = KernelVersion.Linux61, Iotlb = IotlbGeometry.WithoutLimit }), scan.Iommu == null || scan.Iommu == iommu);
        using var log = alignment == null ? null : new DmaLogReader(options.DmaLog!, iommu);
        var checker = log == null ? null : new DmaChecker(host, log, alignment!);
        using var trace = new TraceReader(options.Trace);
        for (var done = 0L; !cancellation.IsCancellationRequested && trace.TryRead(out var e); done++)
        {
            checker?.Before(e.Time);
            var change = host.Apply(e);
            checker?.After(change);
            if (done % ProgressInterval == 0)
                progress?.Invoke($"{done:N0} of {scan.Total:N0} events, {checker?.Counts.Dmas ?? 0:N0} DMAs");
        }

        host.Finish();
        if (!cancellation.IsCancellationRequested)
            checker?.Finish();
        return new ReplayResult
        {
            Iommu = iommu,
            Events = scan.Events,
            Counts = checker?.Counts ?? new DmaCounts(),
            Assumptions = [.. Notes(options, scan, logIommu, alignment), .. host.Assumptions.Describe()],
            DriverProblems = host.Problems,
            DmaProblems = checker?.Problems ?? new ProblemList(),
            Cancelled = cancellation.IsCancellationRequested,
        };
    }

    private static (string? Iommu, List<InvalidationMark> Marks) ReadMarks(string path, string? iommu, CancellationToken cancellation)
    {
        using var reader = new DmaLogReader(path, iommu);
        var marks = new List<InvalidationMark>();
        while (!cancellation.IsCancellationRequested && reader.TryRead(out var entry))
        {
            if (entry.Kind is DmaLogEntryKind.InvalidateRange or DmaLogEntryKind.InvalidateDomain or DmaLogEntryKind.InvalidateStream && marks.Count < TraceMarks.MaxMarks)
                marks.Add(new InvalidationMark(entry.Kind, entry.Time, entry.Kind == DmaLogEntryKind.InvalidateRange ? entry.Iova : entry.Target));
        }

        return (reader.Iommu ?? throw new InvalidDataException($"{path}:{reader.Line}: the log ends without an event of vtd_*, smmuv3_* or amdvi_*"), marks);
    }

    // Half of the invalidations of the shorter side must be found on the other: else the two were not recorded together.
    private static ClockAlignment Align(ReplayOptions options, IReadOnlyList<InvalidationMark> trace, List<InvalidationMark> log, string iommu)
    {
        var alignment = ClockAlignment.Align(trace, log, options.Alignment, sparse: iommu == "amd");
        if (alignment.Pairs == 0 || alignment.Pairs * 2 < Math.Min(alignment.TraceMarks, alignment.LogMarks))
        {
            throw new InvalidDataException(
                $"{options.DmaLog}: its clock cannot be aligned with {options.Trace}: {alignment.Pairs} of {alignment.LogMarks} invalidations are among the trace's {alignment.TraceMarks}");
        }

        return alignment;
    }

    private static IEnumerable<string> Notes(ReplayOptions options, TraceScan scan, string? logIommu, ClockAlignment? alignment)
    {
        if (options.Iommu == null && logIommu == null && scan.Iommu == null)
            yield return "the trace does not tell its IOMMU: intel";
        if (scan.Iommu != null && scan.Iommu != (options.Iommu ?? logIommu ?? scan.Iommu))
            yield return $"the trace is of {scan.Iommu}: what unmaps remove is not compared, since page sizes differ";
        if (scan.LostNotices > 0)
            yield return $"the trace says {scan.LostNotices} times that events were lost";
        if (alignment != null)
            yield return $"clocks aligned by {alignment.Pairs} invalidations seen on both sides";
    }
}
