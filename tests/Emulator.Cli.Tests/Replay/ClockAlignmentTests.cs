using Emulator.Cli.Replay.Alignment;
using Emulator.Cli.Replay.DmaLogs;

namespace Emulator.Cli.Tests.Replay;

public sealed class ClockAlignmentTests
{
    private const long Offset = 1_000_000;

    [Fact]
    public void A_request_lies_between_the_invalidations_around_it()
    {
        // The commands took 20, 0 and 30 us from submission to execution; the requests in between are placed by the shortest way.
        var alignment = Align([(100, 120), (200, 200), (300, 330)]);
        Assert.Equal((150 - 20 - 5, 150 + 5), alignment.Window(Offset + 150));
        Assert.Equal((250 - 30 - 5, 250 + 5), alignment.Window(Offset + 250));
    }

    [Fact]
    public void No_request_is_placed_before_the_submission_of_an_invalidation_that_was_executed_before_it()
    {
        var alignment = Align([(100, 110), (200, 290)]);
        Assert.Equal(100 - 5, alignment.Window(Offset + 120).First);
    }

    [Fact]
    public void While_the_machine_is_stopped_the_trace_stands_still()
    {
        // Stopped for half a second between the two.
        var alignment = Align([(100, 100), (200, 500_200)]);
        Assert.Equal((100 - 5, 150 + 5), alignment.Window(Offset + 150));
        Assert.Equal(150 - 5, alignment.Window(Offset + 500_150).First);
        Assert.Equal(300 + 5, alignment.Window(Offset + 500_300).Last);
    }

    [Fact]
    public void Invalidations_of_several_CPUs_may_be_out_of_order()
    {
        InvalidationMark[] trace = [Mark(100, 0x1000), Mark(101, 0x2000), Mark(200, 0x1000)];
        InvalidationMark[] log = [Mark(Offset + 103, 0x2000), Mark(Offset + 104, 0x1000), Mark(Offset + 201, 0x1000)];
        var alignment = ClockAlignment.Align(trace, log, new AlignmentOptions());
        Assert.Equal((3, 3, 3), (alignment.Pairs, alignment.TraceMarks, alignment.LogMarks));
    }

    [Fact]
    public void What_the_other_side_does_not_say_has_no_pair()
    {
        var alignment = ClockAlignment.Align([Mark(1, 0x1000)], [Mark(2, 0x5000)], new AlignmentOptions());
        Assert.Equal(0, alignment.Pairs);
    }

    [Fact]
    public void A_sparse_pairing_drops_what_is_far_from_the_median()
    {
        InvalidationMark[] trace = [Mark(100, 1), Mark(200, 2), Mark(300, 3)];
        InvalidationMark[] log = [Mark(Offset + 100, 1), Mark(Offset + 201, 2), Mark(Offset + 9_000_000, 3)];
        Assert.Equal(2, ClockAlignment.Align(trace, log, new AlignmentOptions(), sparse: true).Pairs);
    }

    private static ClockAlignment Align((long Trace, long Log)[] pairs) => ClockAlignment.Align(
        [.. pairs.Select((pair, i) => Mark(pair.Trace, (ulong)i))], [.. pairs.Select((pair, i) => Mark(Offset + pair.Log, (ulong)i))], new AlignmentOptions());

    private static InvalidationMark Mark(long time, ulong key) => new(DmaLogEntryKind.InvalidateRange, time, key);
}
