using Emulator.Telemetry;

namespace Emulator.Cli.Run.Timed;

/// <summary>How long things took, in nanoseconds of virtual time, to two significant digits.</summary>
/// <param name="Count">How many were timed; all else is 0 when there is none.</param>
/// <param name="Min">The shortest.</param>
/// <param name="Mean">Their mean.</param>
/// <param name="P50">What half of them did not exceed.</param>
/// <param name="P90">What 90 % did not exceed.</param>
/// <param name="P99">What 99 % did not exceed.</param>
/// <param name="P999">What 99.9 % did not exceed.</param>
/// <param name="Max">The longest.</param>
public sealed record LatencyFigures(long Count, long Min, double Mean, long P50, long P90, long P99, long P999, long Max)
{
    /// <summary>Those of a histogram.</summary>
    public static LatencyFigures Of(LatencyHistogram latencies)
    {
        ArgumentNullException.ThrowIfNull(latencies);
        return new LatencyFigures(
            latencies.Count,
            latencies.Shortest,
            Math.Round(latencies.Mean, 3),
            latencies.Percentile(50),
            latencies.Percentile(90),
            latencies.Percentile(99),
            latencies.Percentile(99.9),
            latencies.Longest);
    }

    /// <summary>All of several histograms in one.</summary>
    internal static LatencyHistogram Merge(IEnumerable<LatencyHistogram> histograms)
    {
        var all = new LatencyHistogram();
        foreach (var histogram in histograms)
            all.Add(histogram);
        return all;
    }
}
