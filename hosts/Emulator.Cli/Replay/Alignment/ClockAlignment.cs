namespace Emulator.Cli.Replay.Alignment;

/// <summary>
/// Puts the times of a DMA log on the clock of the trace. Both sides see the same invalidations: the trace when the driver submits one, the log
/// when the IOMMU executes it. Their difference is the clocks' offset and the command's way, which is never negative; the shortest way among
/// neighbours is taken for none. A request of the log gets a window of the trace's time that it must lie in: between its two neighbouring
/// invalidations, no earlier than the larger and no later than the smallest offset among them says.
/// </summary>
public sealed class ClockAlignment
{
    private readonly AlignmentOptions _options;
    private readonly long[] _log;
    private readonly long[] _trace;
    private int _next;

    private ClockAlignment(AlignmentOptions options, List<(long Trace, long Log)> pairs, int traceMarks, int logMarks, bool doubtful)
    {
        IsDoubtful = doubtful;
        _options = options;
        pairs.Sort((a, b) => a.Log.CompareTo(b.Log));
        _trace = [.. pairs.Select(pair => pair.Trace)];
        _log = [.. pairs.Select(pair => pair.Log)];
        (TraceMarks, LogMarks) = (traceMarks, logMarks);
    }

    /// <summary>Whether so much is missing on one side that a pair may be wrong: what does not fit then proves nothing.</summary>
    public bool IsDoubtful { get; }

    /// <summary>Invalidations found on both sides.</summary>
    public int Pairs => _trace.Length;

    /// <summary>Invalidations of the trace.</summary>
    public int TraceMarks { get; }

    /// <summary>Invalidations of the log.</summary>
    public int LogMarks { get; }

    /// <summary>Finds the invalidations of one side on the other: each of the log is the first of the trace, in order, that says the same and
    /// is not taken yet.</summary>
    /// <param name="trace">The trace's, oldest first.</param>
    /// <param name="log">The log's, oldest first.</param>
    /// <param name="options">Options.</param>
    /// <param name="sparse">The log has invalidations that no trace shows, before (AMD's set-up of every device) and between: the last ones are
    /// paired first, and a pair whose offset is far from the median is dropped.</param>
    public static ClockAlignment Align(IReadOnlyList<InvalidationMark> trace, IReadOnlyList<InvalidationMark> log, AlignmentOptions options, bool sparse = false)
    {
        ArgumentNullException.ThrowIfNull(trace);
        ArgumentNullException.ThrowIfNull(log);
        ArgumentNullException.ThrowIfNull(options);
        var doubtful = false;
        var pairs = MarkPairing.InOrder(trace, log, options.Lookahead, backwards: sparse);
        if (sparse && pairs.Count > 0)
        {
            var offsets = pairs.Select(pair => pair.Log - pair.Trace).Order().ToArray();
            var median = offsets[offsets.Length / 2];
            pairs.RemoveAll(pair => Math.Abs(pair.Log - pair.Trace - median) > options.MaxDeviation);
        }
        else if (!sparse)
        {
            var agreeing = MarkPairing.Agreeing(pairs, options.Neighbours, options.Stop);
            if (IsPoor(pairs, agreeing))
            {
                // One side begins later: their ends may be the same.
                var fromEnd = MarkPairing.InOrder(trace, log, options.Lookahead, backwards: true);
                fromEnd.Reverse();
                var agreeingFromEnd = MarkPairing.Agreeing(fromEnd, options.Neighbours, options.Stop);
                if (agreeingFromEnd.Count > agreeing.Count)
                    (pairs, agreeing) = (fromEnd, agreeingFromEnd);
            }

            if (IsPoor(pairs, agreeing))
            {
                // Marks are missing on one side, such as kprobes that were not recorded.
                doubtful = true;
                var nearest = MarkPairing.Agreeing(MarkPairing.Nearest(trace, log, agreeing, options.Stop), options.Neighbours, options.Stop);
                pairs = nearest.Count > agreeing.Count ? nearest : agreeing;
            }
        }

        return new ClockAlignment(options, pairs, trace.Count, log.Count, doubtful);

        bool IsPoor(List<(long Trace, long Log)> found, List<(long Trace, long Log)> agreeing) =>
            agreeing.Count * 20 < found.Count * 19 || found.Count * 10 < Math.Min(trace.Count, log.Count) * 9;
    }

    /// <summary>The window of the trace's time in which an event of the log took place. Calls go forward in time: a call with an earlier time than
    /// the one before is answered with the same neighbours.</summary>
    /// <param name="time">The log's time.</param>
    public (long First, long Last) Window(long time)
    {
        while (_next < _log.Length && _log[_next] <= time)
            _next++;
        var (before, after) = (Math.Max(_next - 1, 0), Math.Min(_next, _log.Length - 1));
        var (larger, smaller) = (Math.Max(Offset(before), Offset(after)), Math.Min(Offset(before), Offset(after)));
        var smallest = smaller;
        for (var i = Math.Max(0, _next - _options.Neighbours); i < Math.Min(_log.Length, _next + _options.Neighbours); i++)
        {
            if (Offset(i) > smaller - _options.Stop)
                smallest = Math.Min(smallest, Offset(i));
        }

        var first = time - larger;
        if (_next > 0)
            first = Math.Max(first, _trace[_next - 1]);
        first -= _options.Slack;
        return (first, Math.Max(first, time - smallest + _options.Slack));
    }

    private long Offset(int i) => _log[i] - _trace[i];
}
