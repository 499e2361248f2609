using Emulator.Hardware.DmaApi;
using Emulator.Hardware.Drivers;

namespace Emulator.Hardware.Tests.DmaApi;

/// <summary>The flush queue: when it flushes, when addresses are free again, and how long they were exposed.</summary>
public class FlushQueueTests
{
    private const long Millisecond = 1_000_000_000;

    private readonly IovaDomain _iovas = new(KernelVersion.Linux61, cpus: 2);
    private readonly List<(ulong Address, ulong Bytes)> _released = [];
    private int _flushes;

    [Theory]
    [InlineData(0, 16)]
    [InlineData(3, 16)]
    [InlineData(4, 20)]
    [InlineData(7, 20)]
    public void The_timer_fires_on_the_fourth_tick_after_the_one_before_it_was_armed(int armed, int fires)
    {
        var queue = New(new FlushQueueOptions());
        queue.Add(0, 1, 1, [], armed * Millisecond);
        Assert.Equal(fires * Millisecond, queue.DeadlinePs);
        queue.Add(0, 2, 1, [], (armed + 1) * Millisecond);
        Assert.Equal(fires * Millisecond, queue.DeadlinePs);
    }

    [Theory]
    [InlineData(250, 1, 2, 17)]
    [InlineData(1000, 0, 2, 13)]
    [InlineData(100, 0, 2, 20)]
    public void Ticks_have_a_length_and_a_phase(int ticks, int phase, int armed, int fires) =>
        Assert.Equal(fires * Millisecond, new FlushQueueOptions { TicksPerSecond = ticks, TickPhasePs = phase * Millisecond }.Deadline(armed * Millisecond));

    [Fact]
    public void The_256th_unmap_of_a_CPU_flushes_and_has_the_ring_to_itself()
    {
        var queue = New(new FlushQueueOptions());
        for (var i = 0; i < 255; i++)
            queue.Add(0, Page(), 1, [], i);
        queue.Add(1, Page(), 1, [], 255);
        Assert.Equal((0, 255, 256L), (_flushes, queue.HighWater, queue.Exposed));
        queue.Add(0, Page(), 1, [], 1000);
        Assert.Equal((1, 1L, 1L), (_flushes, queue.FullFlushes, queue.Exposed));
        Assert.Equal((1000L, 256L), (queue.LongestExposurePs, queue.Flushed));
        Assert.Equal(256_000L - (255 * 256 / 2), queue.TotalExposurePs);
        Assert.Equal(16 * Millisecond, queue.DeadlinePs);
    }

    [Fact]
    public void An_address_is_free_and_no_longer_exposed_after_the_flush_and_goes_to_the_CPU_of_the_timer()
    {
        var queue = New(new FlushQueueOptions());
        var page = Page();
        queue.Add(0, page, 1, [(0x1000, 4096)], 0);
        Assert.True(queue.IsExposed(page));
        Assert.False(queue.IsExposed(page + 1));
        Assert.NotEqual(page, Page());
        queue.Expire(1, queue.DeadlinePs);
        Assert.False(queue.IsExposed(page));
        Assert.Equal([(0x1000UL, 4096UL)], _released);
        Assert.NotEqual(page, Page());
        Assert.Equal(page, _iovas.Allocate(1, 1, 0xfffff, flushCaches: false));
        Assert.Equal((1, long.MaxValue, 16 * Millisecond), (_flushes, queue.DeadlinePs, queue.LongestExposurePs));
    }

    [Fact]
    public void What_is_queued_while_a_flush_goes_on_waits_for_the_next()
    {
        var queue = New(new FlushQueueOptions());
        var (before, during) = (Page(), Page());
        queue.Add(0, before, 1, [], 0);
        queue.Begin();
        queue.Add(0, during, 1, [], 1);
        queue.Finish(2);
        Assert.False(queue.IsExposed(before));
        Assert.True(queue.IsExposed(during));
        queue.Reclaim(0, 0);
        Assert.Equal(before, Page());
        queue.Expire(0, 3);
        Assert.False(queue.IsExposed(during));
        Assert.Equal((2L, 2L, 2L), (queue.Started, queue.Finished, queue.Flushed));
    }

    [Fact]
    public void One_queue_for_all_CPUs_is_longer_and_slower()
    {
        var queue = New(FlushQueueOptions.Single);
        queue.Add(0, 1, 1, [], 0);
        queue.Add(1, 2, 1, [], 0);
        Assert.Equal((2, 1024 * Millisecond), (queue.HighWater, queue.DeadlinePs));
    }

    [Fact]
    public void Without_a_timer_only_a_full_ring_flushes()
    {
        var queue = New(new FlushQueueOptions { HasTimer = false, Size = 2 });
        queue.Add(0, Page(), 1, [], 0);
        Assert.Equal((long.MaxValue, 0), (queue.DeadlinePs, _flushes));
        queue.Add(0, Page(), 1, [], 0);
        Assert.Equal(1, _flushes);
        Assert.Throws<ArgumentOutOfRangeException>(() => New(new FlushQueueOptions { Size = 1 }));
        Assert.Throws<ArgumentOutOfRangeException>(() => New(new FlushQueueOptions { TicksPerSecond = 0 }));
    }

    private FlushQueue New(FlushQueueOptions options) => new(options, 2, _iovas, () => _flushes++, (address, bytes) => _released.Add((address, bytes)));

    private ulong Page() => _iovas.Allocate(0, 1, 0xfffff, flushCaches: false);
}
