using HdrHistogram;

namespace Emulator.Telemetry;

/// <summary>Latencies in nanoseconds, 1 to <see cref="Highest"/>, to two significant digits.</summary>
/// <remarks>One writer; read when it has stopped.</remarks>
public sealed class LatencyHistogram
{
    /// <summary>The longest latency that is told apart, in nanoseconds: ten seconds. Longer ones count as this.</summary>
    public const long Highest = 10_000_000_000;

    private readonly LongHistogram _histogram = new(Highest, 2);
    private long _shortest = long.MaxValue;
    private long _longest;
    private double _sum;

    /// <summary>Latencies recorded.</summary>
    public long Count => _histogram.TotalCount;

    /// <summary>The shortest; 0 when there is none.</summary>
    public long Shortest => _longest == 0 ? 0 : _shortest;

    /// <summary>The longest; 0 when there is none.</summary>
    public long Longest => _longest;

    /// <summary>The mean; 0 when there is none.</summary>
    public double Mean => Count == 0 ? 0 : _sum / Count;

    /// <summary>Records one.</summary>
    /// <param name="nanoseconds">The latency; below 1 counts as 1.</param>
    public void Record(long nanoseconds)
    {
        nanoseconds = Math.Clamp(nanoseconds, 1, Highest);
        _shortest = Math.Min(_shortest, nanoseconds);
        _longest = Math.Max(_longest, nanoseconds);
        _sum += nanoseconds;
        _histogram.RecordValue(nanoseconds);
    }

    /// <summary>Adds all of another histogram.</summary>
    public void Add(LatencyHistogram other)
    {
        ArgumentNullException.ThrowIfNull(other);
        if (other.Count == 0)
            return;
        _shortest = Math.Min(_shortest, other._shortest);
        _longest = Math.Max(_longest, other._longest);
        _sum += other._sum;
        _histogram.Add(other._histogram);
    }

    /// <summary>The latency that a part of them does not exceed; 0 when there is none.</summary>
    /// <param name="percentile">0 to 100.</param>
    public long Percentile(double percentile) => Count == 0 ? 0 : Math.Min(_longest, _histogram.GetValueAtPercentile(percentile));
}
