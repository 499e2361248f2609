using System.Globalization;
using Emulator.Actors.Timing;
using Emulator.Cli.Charts;
using Emulator.Telemetry;

namespace Emulator.Cli.Run.Timed;

/// <summary>The charts of what was done in virtual time, as SVG.</summary>
internal static class TimedCharts
{
    private const int MostLines = 6;

    // An exponent of a percentile's axis goes on in halves: 1 - 2^-20 is one in a million.
    private const int StepsPerPower = 2;
    private const int MostPowers = 20;

    /// <summary>The charts, each with the section that it belongs to.</summary>
    public static IEnumerable<(string Section, string Svg)> Of(RunResult result)
    {
        var hosts = result.Hosts.Select(host => (Result: host, Figures: TimedHostFigures.Of(host)!)).Where(host => host.Figures != null).ToList();
        return
        [
            .. In("Latency in virtual time", Latencies([.. hosts.Select(host => host.Result)])),
            .. In("Throughput in virtual time", hosts.Count == 0 ? [] : Throughput(hosts)),
            .. In("Exposure of lazy mappings in virtual time", Exposure(hosts)),
            .. In("DMA modes against each other, in virtual time", DmaModeComparison.Of(result).GroupBy(row => row.Group).SelectMany(group => Comparison([.. group]))),
        ];
    }

    private static IEnumerable<(string Section, string Svg)> In(string section, IEnumerable<string> charts) => charts.Select(svg => (section, svg));

    private static IEnumerable<string> Latencies(IReadOnlyList<HostResult> hosts) =>
    [
        .. Curves("DMAs of each host", hosts.Select(host => (host.Specification.Name, Merge(host, device => device.Latencies)))),
        .. Curves("operations of each host", hosts.Select(host => (host.Specification.Name, Merge(host, device => device.Program?.Latencies)))),
        .. hosts.Where(host => host.Timed!.Devices.Count > 1).SelectMany(host =>
            Curves($"DMAs of {host.Specification.Name}, its first devices", host.Timed!.Devices.Take(MostLines).Select(device => (device.Device, device.Latencies)))),
    ];

    private static LatencyHistogram Merge(HostResult host, Func<TimedDeviceReport, LatencyHistogram?> of) =>
        LatencyFigures.Merge(host.Timed!.Devices.Select(of).OfType<LatencyHistogram>());

    private static IEnumerable<string> Curves(string title, IEnumerable<(string Name, LatencyHistogram Latencies)> lines) =>
        lines.Where(line => line.Latencies.Count > 0).Chunk(MostLines).Select(chunk => new LineChart
        {
            Title = title,
            XLabel = "percentile",
            YLabel = "latency, us",
            HasLogarithmicX = true,
            XText = x => Percentile(x).ToString("0.####", CultureInfo.InvariantCulture),
            Series = [.. chunk.Select(line => new LineSeries(line.Name, Curve(line.Latencies)))],
        }.ToSvg());

    // x is what one in so many exceeds.
    private static List<(double X, double Y)> Curve(LatencyHistogram latencies)
    {
        var steps = (int)(Math.Min(MostPowers, Math.Log2(latencies.Count)) * StepsPerPower);
        return [.. Enumerable.Range(0, steps + 1).Select(step => Math.Pow(2, (double)step / StepsPerPower)).Select(x => (x, latencies.Percentile(Percentile(x)) / 1e3))];
    }

    private static double Percentile(double x) => 100 * (1 - (1 / x));

    private static IEnumerable<string> Throughput(IReadOnlyList<(HostResult Result, TimedHostFigures Figures)> hosts)
    {
        yield return new BarChart(
            "DMAs, GB/s",
            [.. hosts.Select(host => (host.Result.Specification.Name, host.Figures.BytesPerSecond, RunText.Throughput(host.Figures.BytesPerSecond, "")))]).ToSvg();
        foreach (var kind in hosts.Where(host => host.Figures.Program != null).GroupBy(host => host.Figures.Program!.Kind))
        {
            yield return new BarChart(
                $"Payload of {kind.Key}",
                [
                    .. kind.Select(host => (host.Result.Specification.Name, host.Figures.Program!))
                        .Select(host => (host.Name, host.Item2.BytesPerSecond, RunText.Throughput(host.Item2.BytesPerSecond, kind.Key))),
                ]).ToSvg();
        }
    }

    private static IEnumerable<string> Exposure(IEnumerable<(HostResult Result, TimedHostFigures Figures)> hosts)
    {
        var lazy = hosts
            .Where(host => host.Figures.Program is { Exposed: > 0 })
            .Select(host => (host.Result.Specification.Name, Program: host.Figures.Program!))
            .ToList();
        if (lazy.Count == 0)
            yield break;
        yield return new BarChart(
            "Longest time from an unmap to its flush",
            [.. lazy.Select(host => (host.Name, host.Program.LongestExposureNanoseconds, RunText.Time(host.Program.LongestExposureNanoseconds)))]).ToSvg();
        yield return new BarChart(
            "Most DMAs of a device from an unmap to its flush",
            [.. lazy.Select(host => (host.Name, (double)host.Program.MostExposedDmas, RunText.Count(host.Program.MostExposedDmas)))]).ToSvg();
    }

    private static IEnumerable<string> Comparison(IReadOnlyList<DmaModeComparison> group)
    {
        var what = $"{group[0].Kind} on {group[0].Iommu}";
        yield return Bars($"{what}: payload", row => row.BytesPerSecond, row => RunText.Throughput(row.BytesPerSecond, row.Kind));
        yield return Bars($"{what}: operation latency, p99", row => row.LatencyP99, row => RunText.Time(row.LatencyP99));
        yield return Bars($"{what}: map, unmap, invalidation per operation", Cost, row => RunText.Time(Cost(row)));

        string Bars(string title, Func<DmaModeComparison, double> value, Func<DmaModeComparison, string> text) =>
            new BarChart(title, [.. group.Select(row => ($"{row.Host} ({row.Dma})", value(row), text(row)))]).ToSvg();

        static double Cost(DmaModeComparison row) => row.MapNanoseconds + row.UnmapNanoseconds + row.InvalidationNanoseconds;
    }
}
