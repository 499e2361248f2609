using Emulator.Hardware.Timing;

namespace Emulator.Hardware.Tests.Timing;

public sealed class TranslationTimerTests
{
    private const long Walk = 286_000;
    private const long HoldRead = 60_000;
    private const long HoldWrite = 10_000;
    private const ulong Stream = 8;

    [Fact]
    public void A_hit_takes_no_time() => Assert.Equal(5000, new TranslationTimer(new()).Hit(5000, Stream, 0x1000));

    [Fact]
    public void A_hit_on_a_page_whose_walk_goes_on_waits_for_that_walk()
    {
        var timer = new TranslationTimer(new());
        Assert.Equal(Walk, timer.Miss(0, Stream, 0x1000, isWrite: false));
        Assert.Equal(Walk, timer.Hit(1000, Stream, 0x1fc0));
        Assert.Equal(Walk + 1, timer.Hit(Walk + 1, Stream, 0x1000));
        Assert.Equal(0, timer.Waited);
    }

    [Fact]
    public void A_hit_does_not_wait_for_the_walk_of_another_page_or_stream()
    {
        var timer = new TranslationTimer(new());
        timer.Miss(0, Stream, 0x1000, isWrite: false);
        Assert.Equal(1000, timer.Hit(1000, Stream, 0x2000));
        // The same slot of what is remembered, and streams that differ in high bits only.
        Assert.Equal(1000, timer.Hit(1000, Stream, 0x1000 + (512UL << 12)));
        Assert.Equal(1000, timer.Hit(1000, Stream + (1 << 12), 0x1000));
    }

    [Fact]
    public void When_all_walkers_are_busy_a_walk_waits_for_the_one_that_is_free_first()
    {
        var timer = new TranslationTimer(new() { Walkers = 2 });
        Assert.Equal(Walk, timer.Miss(0, Stream, 0x1000, isWrite: false));
        Assert.Equal(100 + Walk, timer.Miss(100, Stream, 0x2000, isWrite: true));
        // The write's walker is free at 100 + walk + 10 ns, the read's at walk + 60 ns.
        var third = 100 + Walk + HoldWrite + Walk;
        Assert.Equal(third, timer.Miss(200, Stream, 0x3000, isWrite: true));
        Assert.Equal(Walk + HoldRead + Walk, timer.Miss(300, Stream, 0x4000, isWrite: true));
        Assert.Equal(third + HoldWrite + Walk, timer.Miss(400, Stream, 0x5000, isWrite: false));
        Assert.Equal((100 + Walk + HoldWrite - 200) + (Walk + HoldRead - 300) + (third + HoldWrite - 400), timer.Waited);
        Assert.Equal(third, timer.Hit(500, Stream, 0x3000));
    }

    [Fact]
    public void A_mix_of_reads_and_writes_always_takes_the_walker_that_is_free_first()
    {
        var random = new Random(1);
        var timing = new IommuTiming { Walkers = 5, Walk = 100, HoldRead = 900, HoldWrite = 0 };
        var timer = new TranslationTimer(timing);
        var free = new long[timing.Walkers];
        var arrival = 0L;
        for (var i = 0; i < 10_000; i++)
        {
            arrival += random.Next(200_000);
            var isWrite = random.Next(2) == 0;
            var walker = Array.IndexOf(free, free.Min());
            var expected = Math.Max(arrival, free[walker]) + 100_000;
            free[walker] = expected + (isWrite ? 0 : 900_000);
            Assert.Equal(expected, timer.Miss(arrival, Stream, (ulong)i << 12, isWrite));
        }
    }

    [Fact]
    public void Walks_at_rest_do_not_wait()
    {
        var timer = new TranslationTimer(new() { Walkers = 1 });
        timer.Miss(0, Stream, 0x1000, isWrite: false);
        Assert.Equal(Walk + HoldRead + Walk, timer.Miss(Walk + HoldRead, Stream, 0x2000, isWrite: false));
        Assert.Equal(0, timer.Waited);
    }

    [Theory]
    [InlineData(0)]
    [InlineData(TranslationTimer.MaxWalkers + 1)]
    public void Walkers_outside_their_limits_are_refused(int walkers)
    {
        var error = Assert.Throws<ArgumentException>(() => new TranslationTimer(new() { Walkers = walkers }));
        Assert.Contains($"{walkers} walkers", error.Message, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData(-1)]
    [InlineData(double.NaN)]
    [InlineData(1.1e9)]
    public void Times_outside_their_limits_are_refused_by_name(double time)
    {
        Assert.Contains("walk ", Assert.Throws<ArgumentException>(() => new TranslationTimer(new() { Walk = time })).Message, StringComparison.Ordinal);
        Assert.Contains("holdRead ", Assert.Throws<ArgumentException>(() => new TranslationTimer(new() { HoldRead = time })).Message, StringComparison.Ordinal);
    }
}
