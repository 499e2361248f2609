using Emulator.Hardware.DmaApi;
using Emulator.Hardware.Drivers;

namespace Emulator.Hardware.Tests.DmaApi;

/// <summary>The allocator of I/O virtual addresses: what Linux's gives for the same calls.</summary>
public class IovaDomainTests
{
    private const ulong Last32 = 0xfffff;

    [Fact]
    public void Addresses_come_from_the_top_downwards()
    {
        var domain = new IovaDomain(KernelVersion.Linux61);
        Assert.Equal(0xfffffUL, domain.Allocate(0, 1, Last32, flushCaches: false));
        Assert.Equal(0xffffeUL, domain.Allocate(0, 1, Last32, flushCaches: false));
        Assert.Equal(0xfffffUL + 1 - 256, domain.Allocate(0, 129, Last32, flushCaches: false));
        Assert.Equal((0L, 3L), (domain.CacheAllocations, domain.SearchedAllocations));
    }

    [Theory]
    [InlineData(3UL, 4UL)]
    [InlineData(17UL, 32UL)]
    [InlineData(31UL, 32UL)]
    [InlineData(33UL, 33UL)]
    public void Up_to_32_pages_become_a_power_of_two_and_all_are_aligned_to_theirs(ulong size, ulong taken)
    {
        var domain = new IovaDomain(KernelVersion.Linux61);
        var first = domain.Allocate(0, size, Last32, flushCaches: false);
        var second = domain.Allocate(0, 1, Last32, flushCaches: false);
        Assert.Equal(0UL, first % System.Numerics.BitOperations.RoundUpToPowerOf2(size));
        Assert.Equal(first - 1, second);
        Assert.True(first + taken - 1 <= Last32);
    }

    [Fact]
    public void A_freed_range_is_the_next_one_of_its_size_on_its_CPU_only()
    {
        var domain = new IovaDomain(KernelVersion.Linux61, cpus: 2);
        var first = domain.Allocate(0, 1, Last32, flushCaches: false);
        var second = domain.Allocate(0, 1, Last32, flushCaches: false);
        domain.Free(0, first, 1);
        domain.Free(1, second, 1);
        Assert.Equal(0xffffcUL, domain.Allocate(0, 2, Last32, flushCaches: false));
        Assert.Equal(second, domain.Allocate(1, 1, Last32, flushCaches: false));
        Assert.Equal(0xffffbUL, domain.Allocate(1, 1, Last32, flushCaches: false));
        Assert.Equal(first, domain.Allocate(0, 1, Last32, flushCaches: false));
        Assert.Equal(2, domain.CacheAllocations);
    }

    [Fact]
    public void More_than_32_pages_go_back_at_once()
    {
        var domain = new IovaDomain(KernelVersion.Linux61);
        var first = domain.Allocate(0, 64, Last32, flushCaches: false);
        domain.Free(0, first, 64);
        Assert.Equal(first, domain.Allocate(0, 64, Last32, flushCaches: false));
        Assert.Equal(2, domain.SearchedAllocations);
    }

    [Fact]
    public void A_cached_range_above_the_limit_is_passed_over()
    {
        var domain = new IovaDomain(KernelVersion.Linux61);
        var high = domain.Allocate(0, 1, 0xffff_ffff, flushCaches: false);
        domain.Free(0, high, 1);
        Assert.Equal(0xffff_ffffUL, high);
        Assert.Equal(Last32, domain.Allocate(0, 1, Last32, flushCaches: false));
        Assert.Equal(high, domain.Allocate(0, 1, 0xffff_ffff, flushCaches: false));
    }

    [Fact]
    public void When_nothing_is_left_the_caches_are_emptied_and_the_search_is_repeated()
    {
        var domain = new IovaDomain(KernelVersion.Linux61);
        var pages = Enumerable.Range(0, 15).Select(_ => domain.Allocate(0, 1, 15, flushCaches: false)).ToArray();
        Assert.Equal(1UL, pages[^1]);
        Assert.Equal(0UL, domain.Allocate(0, 1, 15, flushCaches: false));
        foreach (var page in pages)
            domain.Free(0, page, 1);
        Assert.Equal(0UL, domain.Allocate(0, 4, 15, flushCaches: false));
        Assert.Equal(12UL, domain.Allocate(0, 4, 15, flushCaches: true));
        Assert.Equal(1, domain.CacheFlushes);
    }

    [Fact]
    public void Room_above_the_last_allocation_is_found_when_there_is_none_below()
    {
        var domain = new IovaDomain(KernelVersion.Linux61);
        var first = domain.Allocate(0, 64, 1023, flushCaches: false);
        Assert.Equal(960UL, first);
        domain.Allocate(0, 64, 1023, flushCaches: false);
        domain.Free(0, first, 64);
        var big = domain.Allocate(0, 128, 1023, flushCaches: false);
        Assert.Equal(768UL, big);
        var rest = new List<ulong>();
        while (domain.Allocate(0, 64, 1023, flushCaches: false) is var pfn and not 0)
            rest.Add(pfn);
        Assert.Equal(12, rest.Count);
        Assert.Equal(960UL, rest[^1]);
    }

    [Theory]
    [InlineData(KernelVersion.Linux61, 34 * 127)]
    [InlineData(KernelVersion.Linux612, 40 * 127)]
    public void The_depot_of_61_holds_32_magazines_and_that_of_612_all(KernelVersion kernel, int cached)
    {
        var domain = Filled(kernel);
        for (var i = 0; i < 40 * 127; i++)
            domain.Allocate(0, 1, Last32, flushCaches: false);
        Assert.Equal(cached, domain.CacheAllocations);
    }

    [Fact]
    public void The_depot_of_612_gives_a_magazine_back_each_100_ms_while_it_has_more_than_there_are_CPUs()
    {
        var domain = Filled(KernelVersion.Linux612);
        for (var tenths = 1; tenths <= 100; tenths++)
            domain.Advance(tenths * IovaDomain.DepotDelayPs);
        for (var i = 0; i < 40 * 127; i++)
            domain.Allocate(0, 1, Last32, flushCaches: false);
        Assert.Equal(3 * 127, domain.CacheAllocations);
    }

    [Fact]
    public void Reserved_pages_are_never_given_out()
    {
        var domain = new IovaDomain(KernelVersion.Linux61);
        domain.Reserve(0xfee00, 0xfeeff);
        domain.Reserve(0xff000, 0xfffff);
        domain.Reserve(0xfef80, 0xff00f);
        domain.Reserve(0xfee10, 0xfee20);
        Assert.Equal(0xfef7fUL, domain.Allocate(0, 1, Last32, flushCaches: false));
        Assert.Equal(0xfef00UL, domain.Allocate(0, 64, Last32, flushCaches: false));
        Assert.Equal(0xfed00UL, domain.Allocate(0, 256, Last32, flushCaches: false));
    }

    [Fact]
    public void Arguments_out_of_range_are_refused()
    {
        Assert.Throws<ArgumentOutOfRangeException>(() => new IovaDomain(KernelVersion.Linux61, granule: 3000));
        Assert.Throws<ArgumentOutOfRangeException>(() => new IovaDomain(KernelVersion.Linux61, startPfn: 0));
        Assert.Throws<ArgumentOutOfRangeException>(() => new IovaDomain(KernelVersion.Linux61, cpus: 0));
        Assert.Throws<ArgumentOutOfRangeException>(() => new IovaDomain(KernelVersion.Linux61).Reserve(2, 1));
    }

    // 40 magazines of single pages, all freed again.
    private static IovaDomain Filled(KernelVersion kernel)
    {
        var domain = new IovaDomain(kernel);
        var pages = Enumerable.Range(0, 40 * 127).Select(_ => domain.Allocate(0, 1, Last32, flushCaches: false)).ToArray();
        foreach (var page in pages)
            domain.Free(0, page, 1);
        return domain;
    }
}
