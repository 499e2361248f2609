using Emulator.Hardware.Dma;
using Emulator.Hardware.Timing;

namespace Emulator.Cli.Validate;

/// <summary>Simulates each measurement with the IOMMU on. Of the system it is told what was measured with the IOMMU off, nothing else.</summary>
public static class PcieBenchSimulation
{
    /// <summary>DMAs before the measurement of a point.</summary>
    public const int WarmUp = 2000;

    /// <summary>DMAs of the measurement of a point.</summary>
    public const int Count = 20_000;

    private const int ShortRead = 64;

    /// <summary>What the IOMMU takes in time: the same for all systems.</summary>
    public static IommuTiming Iommu { get; } = new();

    /// <summary>Simulates.</summary>
    /// <param name="rows">The measurements.</param>
    /// <param name="leftOut">Those that cannot be simulated.</param>
    /// <param name="progress">Told how many are done.</param>
    /// <param name="cancellation">Ends it with the points so far.</param>
    /// <returns>The points, in the order of the rows.</returns>
    public static IReadOnlyList<PcieBenchPoint> Run(
        IReadOnlyList<PcieBenchRow> rows, out IReadOnlyList<PcieBenchLeftOut> leftOut, Action<int> progress, CancellationToken cancellation)
    {
        var off = rows.Where(row => row.Paging == PcieBenchPaging.Off).ToDictionary(row => row.WithoutRate(PcieBenchPaging.Off), row => row.Rate);
        var readTimes = ReadTimes(rows);
        var points = new List<PcieBenchPoint>();
        var refused = new List<(PcieBenchRow Row, string Reason)>();
        foreach (var row in rows.Where(row => row.Paging != PcieBenchPaging.Off).TakeWhile(_ => !cancellation.IsCancellationRequested))
        {
            var readTime = ReadTime(readTimes[(row.System, row.Cache)], row.Window);
            if (ReasonToLeaveOut(row, off, readTime) is { } reason)
            {
                refused.Add((row, reason));
                continue;
            }

            var rate = off[row.WithoutRate(PcieBenchPaging.Off)];
            var device = new DeviceTiming { MeasuredInterval = 1e9 / rate };
            if (row.Access == DmaAccess.Read)
                device = device with { Read = readTime!.Value };
            using var test = new ThroughputTest(row.Window, row.Paging == PcieBenchPaging.Superpages, Iommu);
            points.Add(new PcieBenchPoint(row, rate, test.Run(device, row.Length, row.Access, WarmUp, Count)));
            progress(points.Count);
        }

        leftOut =
        [
            .. refused.GroupBy(point => (point.Row.System, point.Row.Access, point.Reason), point => $"{point.Row.Cache}, window {point.Row.Window}, {point.Row.Length} bytes")
                .Select(group => new PcieBenchLeftOut(group.Key.System, group.Key.Access, group.Key.Reason, group.Count(), group.First())),
        ];
        return points;
    }

    // From issue to data of a short read: as long as all its tags last at the rate measured with the IOMMU off.
    private static ILookup<(string System, string Cache), (long Window, double Time)> ReadTimes(IReadOnlyList<PcieBenchRow> rows) => rows
        .Where(row => row is { Paging: PcieBenchPaging.Off, Access: DmaAccess.Read, Length: ShortRead })
        .ToLookup(row => (row.System, row.Cache), row => (row.Window, new DeviceTiming().SmallTags * 1e9 / row.Rate));

    // In the same window, or of all windows where that was not measured.
    private static double? ReadTime(IEnumerable<(long Window, double Time)> times, long window) =>
        times.Where(read => read.Window == window).Select(read => (double?)read.Time).FirstOrDefault() ?? times.Select(read => (double?)read.Time).Average();

    private static string? ReasonToLeaveOut(PcieBenchRow row, Dictionary<PcieBenchRow, double> off, double? readTime)
    {
        if (row.Length > DmaRequest.MaxLength)
            return $"a transfer of more than {DmaRequest.MaxLength} bytes is several requests";
        if (row.Window > ThroughputTest.MaxWindow)
            return $"a window of more than {ThroughputTest.MaxWindow} bytes is not mapped";
        if (row.Window < row.Length)
            return "the window is shorter than a transfer";
        if (!off.ContainsKey(row.WithoutRate(PcieBenchPaging.Off)))
            return "no measurement with the IOMMU off for the same direction, cache state, window and size";
        if (row.Access != DmaAccess.Read)
            return null;
        if (readTime is not { } read)
            return $"no measurement of {ShortRead}-byte reads with the IOMMU off in the same cache state";
        return read < new DeviceTiming().Upstream ? "its reads with the IOMMU off are too fast for the card that is modelled" : null;
    }
}
