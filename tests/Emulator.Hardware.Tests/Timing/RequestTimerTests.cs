using Emulator.Hardware.Timing;

namespace Emulator.Hardware.Tests.Timing;

public sealed class RequestTimerTests
{
    private const long Upstream = 150_000;
    private const long Read = 437_000;
    private const long Commit = 300_000;

    [Fact]
    public void DMAs_follow_each_other_at_the_interval()
    {
        var timer = new RequestTimer(new() { MeasuredInterval = 20 });
        Assert.Equal(7, timer.IssueTime(7, 64, isWrite: false));
        Assert.Equal(7 + Read, Send(timer, 7, 64, isWrite: false));
        Assert.Equal(20_007, timer.IssueTime(0, 64, isWrite: false));
        Assert.Equal(30_000, timer.IssueTime(30_000, 64, isWrite: false));
    }

    [Fact]
    public void Reads_and_writes_share_the_link_and_have_limits_of_their_own()
    {
        var timer = new RequestTimer(new() { MeasuredInterval = 20, SmallTags = 1, PostedSlots = 1 });
        Assert.Equal(Read, Send(timer, 0, 64, isWrite: false));
        Assert.Equal(20_000, timer.IssueTime(0, 64, isWrite: true));
        Assert.Equal(20_000 + Commit, Send(timer, 0, 64, isWrite: true));
        Assert.Equal(Read, timer.IssueTime(0, 64, isWrite: false));
        Assert.Equal(20_000 + Commit, timer.IssueTime(0, 64, isWrite: true));
    }

    [Theory]
    [InlineData(64, false, 24)]
    [InlineData(128, false, 24)]
    [InlineData(129, false, 16)]
    [InlineData(512, false, 16)]
    [InlineData(64, true, 64)]
    [InlineData(512, true, 64)]
    public void When_all_tags_or_slots_are_taken_the_oldest_one_is_waited_for(int length, bool isWrite, int inFlight)
    {
        var timer = new RequestTimer(new() { MeasuredInterval = 0.001 });
        var first = Send(timer, 0, length, isWrite);
        for (var i = 1; i < inFlight; i++)
            Send(timer, 0, length, isWrite);
        Assert.Equal(first, timer.IssueTime(0, length, isWrite));
        Send(timer, 0, length, isWrite);
        Assert.Equal(first + 1, timer.IssueTime(0, length, isWrite));
    }

    [Fact]
    public void Tags_are_taken_in_order_of_issue_even_if_a_later_one_is_free()
    {
        var timer = new RequestTimer(new() { MeasuredInterval = 1, SmallTags = 2 });
        Assert.Equal(Upstream + 500_000 + Read - Upstream, timer.Complete(0, Upstream + 500_000, 64, isWrite: false));
        Send(timer, 0, 64, isWrite: false);
        Assert.Equal(500_000 + Read, timer.IssueTime(0, 64, isWrite: false));
    }

    [Fact]
    public void A_refused_DMA_is_over_when_it_has_been_translated_and_so_is_its_tag()
    {
        var timer = new RequestTimer(new() { MeasuredInterval = 1, SmallTags = 1 });
        Assert.Equal(Upstream, timer.Complete(0, Upstream, 64, isWrite: false, hasData: false));
        Assert.Equal(Upstream, timer.IssueTime(0, 64, isWrite: false));
    }

    [Theory]
    [InlineData(64, false, 15.67)]
    [InlineData(512, false, 75.14)]
    [InlineData(1, false, 15.3)]
    [InlineData(64, true, 21.1)]
    [InlineData(256, true, 40.17)]
    [InlineData(512, true, 78.85)]
    public void Without_a_measurement_the_interval_follows_from_the_link(int length, bool isWrite, double expected) =>
        Assert.Equal(expected, new DeviceTiming().Interval(length, isWrite), 0.01);

    [Theory]
    [InlineData(64, false, 437)]
    [InlineData(512, false, 493.93)]
    [InlineData(4, false, 437)]
    [InlineData(512, true, 300)]
    public void A_long_read_takes_its_bytes_longer(int length, bool isWrite, double expected) =>
        Assert.Equal(expected, new DeviceTiming().Unloaded(length, isWrite), 0.01);

    public static TheoryData<DeviceTiming, string> Refused => new()
    {
        { new() { SmallTags = 0 }, "small tags 0" },
        { new() { LargeTags = RequestTimer.MaxInFlight + 1 }, "large tags 1025" },
        { new() { PostedSlots = -1 }, "posted slots -1" },
        { new() { DownstreamRate = 0 }, "link rates" },
        { new() { UpstreamRate = double.NaN }, "link rates" },
        { new() { MaxPayload = 0 }, "payload" },
        { new() { Read = -1 }, "read -1" },
        { new() { Read = double.NaN }, "read NaN" },
        { new() { MeasuredInterval = -1 }, "measuredInterval -1" },
        { new() { Upstream = 301 }, "upstream 301" },
    };

    [Theory]
    [MemberData(nameof(Refused))]
    public void Values_outside_their_limits_are_refused_by_name(DeviceTiming timing, string named) =>
        Assert.Contains(named, Assert.Throws<ArgumentException>(() => new RequestTimer(timing)).Message, StringComparison.Ordinal);

    private static long Send(RequestTimer timer, long earliest, int length, bool isWrite)
    {
        var issued = timer.IssueTime(earliest, length, isWrite);
        return timer.Complete(issued, issued + timer.Upstream, length, isWrite);
    }
}
