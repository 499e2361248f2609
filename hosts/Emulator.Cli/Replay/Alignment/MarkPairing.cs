using System.Runtime.InteropServices;
using Emulator.Cli.Replay.DmaLogs;

namespace Emulator.Cli.Replay.Alignment;

/// <summary>Finds the invalidations of one side of a recording on the other.</summary>
internal static class MarkPairing
{
    /// <summary>Each of the log's is the first of the trace's, in order, that says the same and is not taken yet.</summary>
    /// <param name="trace">The trace's, oldest first.</param>
    /// <param name="log">The log's, oldest first.</param>
    /// <param name="lookahead">How far the sides may be out of order.</param>
    /// <param name="backwards">From the last ones to the first.</param>
    public static List<(long Trace, long Log)> InOrder(IReadOnlyList<InvalidationMark> trace, IReadOnlyList<InvalidationMark> log, int lookahead, bool backwards)
    {
        var taken = new bool[trace.Count];
        var pairs = new List<(long Trace, long Log)>();
        var first = 0;
        for (var i = 0; i < log.Count; i++)
        {
            var wanted = log[Index(i, log.Count)];
            while (first < trace.Count && taken[first])
                first++;
            for (var j = first; j < Math.Min(first + lookahead, trace.Count); j++)
            {
                var found = trace[Index(j, trace.Count)];
                if (taken[j] || found.Kind != wanted.Kind || found.Key != wanted.Key)
                    continue;
                taken[j] = true;
                pairs.Add((found.Time, wanted.Time));
                break;
            }
        }

        return pairs;

        int Index(int i, int count) => backwards ? count - 1 - i : i;
    }

    /// <summary>The pairs whose offset that of at least half of their neighbours agrees with; all where there are too few to tell.</summary>
    /// <param name="pairs">Pairs, in order of the log.</param>
    /// <param name="neighbours">Neighbours on each side.</param>
    /// <param name="tolerance">How far agreeing offsets may be apart.</param>
    public static List<(long Trace, long Log)> Agreeing(List<(long Trace, long Log)> pairs, int neighbours, long tolerance)
    {
        if (pairs.Count <= neighbours)
            return pairs;
        var kept = new List<(long Trace, long Log)>(pairs.Count);
        for (var i = 0; i < pairs.Count; i++)
        {
            var (from, to) = (Math.Max(0, i - neighbours), Math.Min(pairs.Count - 1, i + neighbours));
            var agreeing = -1;
            for (var j = from; j <= to; j++)
                agreeing += Math.Abs(pairs[j].Log - pairs[j].Trace - (pairs[i].Log - pairs[i].Trace)) <= tolerance ? 1 : 0;
            if (agreeing * 2 >= to - from)
                kept.Add(pairs[i]);
        }

        return kept;
    }

    /// <summary>Each of the log's is the one of the trace that says the same and lies nearest to where the offset so far puts it.</summary>
    /// <param name="trace">The trace's, oldest first.</param>
    /// <param name="log">The log's, oldest first.</param>
    /// <param name="known">Pairs that tell the offset, in order of the log.</param>
    /// <param name="tolerance">How far a pair may be from the offset.</param>
    public static List<(long Trace, long Log)> Nearest(
        IReadOnlyList<InvalidationMark> trace, IReadOnlyList<InvalidationMark> log, List<(long Trace, long Log)> known, long tolerance)
    {
        var pairs = new List<(long Trace, long Log)>();
        if (known.Count == 0)
            return pairs;
        var places = new Dictionary<(DmaLogEntryKind Kind, ulong Key), List<long>>();
        foreach (var mark in trace)
        {
            ref var times = ref CollectionsMarshal.GetValueRefOrAddDefault(places, (mark.Kind, mark.Key), out _);
            (times ??= []).Add(mark.Time);
        }

        var next = new Dictionary<(DmaLogEntryKind Kind, ulong Key), int>();
        var at = 0;
        var offset = known[0].Log - known[0].Trace;
        foreach (var mark in log)
        {
            while (at < known.Count && known[at].Log <= mark.Time)
            {
                offset = known[at].Log - known[at].Trace;
                at++;
            }

            if (!places.TryGetValue((mark.Kind, mark.Key), out var times))
                continue;
            ref var index = ref CollectionsMarshal.GetValueRefOrAddDefault(next, (mark.Kind, mark.Key), out _);
            var expected = mark.Time - offset;
            while (index < times.Count && times[index] < expected - tolerance)
                index++;
            while (index + 1 < times.Count && Math.Abs(times[index + 1] - expected) < Math.Abs(times[index] - expected))
                index++;
            if (index == times.Count || times[index] > expected + tolerance)
                continue;
            pairs.Add((times[index], mark.Time));
            offset = mark.Time - times[index];
            index++;
        }

        return pairs;
    }
}
