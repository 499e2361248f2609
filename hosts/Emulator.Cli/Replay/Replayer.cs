using Emulator.Cli.Replay.Alignment;
using Emulator.Cli.Replay.Checks;
using Emulator.Cli.Replay.DmaLogs;
using Emulator.Cli.Replay.Host;
using Emulator.Cli.Replay.Traces;
using Emulator.Hardware.Drivers;
using Emulator.Hardware.Iommus;
using Emulator.Hardware.Iommus.IntelVtd;
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
        var found = options.DmaLog == null ? null : LogScan.Read(options.DmaLog, options.Iommu, cancellation);
        var logIommu = found?.Iommu;
        var iommu = options.Iommu ?? logIommu ?? scan.Iommu ?? "intel";
        var alignment = found is not { Requests: > 0 } || cancellation.IsCancellationRequested ? null : Align(options, scan.Marks.For(iommu), found.Marks, iommu);
        var variant = iommu != "intel" || !(scan.Scalable || found is { Scalable: true }) ? null
            : scan.FirstLevel ? IntelVtdRoom.ScalableFirstLevel : IntelVtdRoom.ScalableSecondLevel;
        var room = IommuCatalog.Find(iommu)
            ?? throw new InvalidDataException($"--iommu: there is no '{iommu}'; there are {string.Join(", ", IommuCatalog.Rooms.Select(r => r.Name))}");

        using var host = new ReplayHost(room.Create(new PlatformOptions { Kernel = KernelVersion.Linux61, Variant = variant, Iotlb = IotlbGeometry.WithoutLimit }), scan.Iommu == null || scan.Iommu == iommu, scan);
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
            Assumptions = [.. Notes(options, scan, found, alignment, variant), .. host.Assumptions.Describe()],
            DriverProblems = host.Problems,
            DmaProblems = checker?.Problems ?? new ProblemList(),
            Cancelled = cancellation.IsCancellationRequested,
        };
    }

    // Half of the invalidations of the shorter side must be found on the other: else the two were not recorded together.
    private static ClockAlignment Align(ReplayOptions options, IReadOnlyList<InvalidationMark> trace, IReadOnlyList<InvalidationMark> log, string iommu)
    {
        var alignment = ClockAlignment.Align(trace, log, options.Alignment, sparse: iommu == "amd");
        if (alignment.Pairs == 0 || alignment.Pairs * 2 < Math.Min(alignment.TraceMarks, alignment.LogMarks))
        {
            throw new InvalidDataException(
                $"{options.DmaLog}: its clock cannot be aligned with {options.Trace}: {alignment.Pairs} of {alignment.LogMarks} invalidations are among the trace's {alignment.TraceMarks}");
        }

        return alignment;
    }

    private static IEnumerable<string> Notes(ReplayOptions options, TraceScan scan, LogScan? found, ClockAlignment? alignment, string? variant)
    {
        var logIommu = found?.Iommu;
        if (options.Iommu == null && logIommu == null && scan.Iommu == null)
            yield return "the trace does not tell its IOMMU: intel";
        if (scan.Iommu != null && scan.Iommu != (options.Iommu ?? logIommu ?? scan.Iommu))
            yield return $"the trace is of {scan.Iommu}: what unmaps remove is not compared, since page sizes differ";
        if (variant != null)
            yield return $"VT-d is in scalable mode: {variant}";
        if (scan.LostNotices > 0)
            yield return $"the trace says {scan.LostNotices} times that events were lost: what does not fit counts as not attributable";
        if (found is { Requests: 0 })
            yield return "the DMA log holds no request: there is nothing to compare";
        if (alignment != null)
            yield return $"clocks aligned by {alignment.Pairs} invalidations seen on both sides" + (alignment.IsDoubtful ? "; so many are on one side alone that what does not fit counts as not attributable" : "");
    }
}
