using Emulator.Hardware.Drivers;
using Emulator.Hardware.Iommus.ArmSmmuV3;

namespace Emulator.Hardware.Tests.Iommus.ArmSmmuV3;

/// <summary>The words that Linux's driver writes: entries, descriptors, commands.</summary>
public sealed class DriverWordTests
{
    private const ulong Block2M = 0x20_0000;

    private static readonly ArmSmmuV3Options Server = new();
    private static readonly ArmSmmuV3Options Forty = Server with { Idr5 = (Server.Idr5 & ~7u) | 2 };
    private static readonly ArmSmmuV3Options WithoutRanges = Server with { Idr3 = 0 };

    [Theory]
    [InlineData(KernelVersion.Linux61)]
    [InlineData(KernelVersion.Linux612)]
    public void Stage1_of_48_to_40_bits_has_the_kernels_context_and_stream_entry(KernelVersion kernel)
    {
        using var bench = new DriverBench(kernel, Forty);
        bench.Attached(bench.Device());
        var context = bench.Context(0x20);
        Assert.Equal(0x0001_E202_C000_3510UL, context.Word0);
        Assert.Equal(context.Table0, context.Word1);
        Assert.Equal(0xF404_FF44u, (uint)context.Word3);
        var entry = bench.Entry(0x20);
        Assert.Equal(entry.ContextTable | 0xB, entry.Word0);
        Assert.Equal(0x0800_00D6UL, entry.Word1 & ~(3UL << 44));
        Assert.Equal(0UL, entry.Word2);
    }

    [Fact]
    public void Stage1_with_ATS_sets_EATS()
    {
        using var bench = new DriverBench(KernelVersion.Linux61);
        bench.Attached(bench.Device(ats: true));
        Assert.Equal(0x1800_00D6UL, bench.Entry(0x20).Word1);
        Assert.Equal((0x0000_0020_0000_0040UL, 0x34UL), bench.Commands[^1]);
    }

    [Fact]
    public void Stage2_of_40_bits_has_the_kernels_stream_entry()
    {
        using var bench = new DriverBench(KernelVersion.Linux61, Forty with { Idr0 = Forty.Idr0 & ~2u });
        bench.Attached(bench.Device());
        var entry = bench.Entry(0x20);
        Assert.Equal(0xDUL, entry.Word0);
        Assert.Equal(0x0000_1000_0000_0000UL, entry.Word1);
        Assert.Equal(0x044A_3558_0000_0001UL, entry.Word2);
    }

    [Fact]
    public void Attach_invalidates_configuration_twice_and_prefetches_it()
    {
        using var bench = new DriverBench(KernelVersion.Linux61);
        bench.Attached(bench.Device());
        Assert.Equal([(0x0000_0020_0000_0003UL, 1UL), (0x0000_0020_0000_0003UL, 1UL), (0x0000_0020_0000_0001UL, 0UL)], bench.Commands);
    }

    [Fact]
    public void Unmap_without_ranges_takes_a_command_for_each_page()
    {
        using var bench = new DriverBench(KernelVersion.Linux61, WithoutRanges);
        var domain = bench.Attached(bench.Device());
        bench.Run(bench.Driver.Sync(domain, DriverBench.Gather((0x1000_0000, 0x2000, 0x1000))));
        Assert.Equal([(0x0001_0000_0000_0012UL, 0x1000_0001UL), (0x0001_0000_0000_0012UL, 0x1000_1001UL)], bench.Commands);
    }

    [Fact]
    public void Unmap_with_ranges_takes_a_command_for_each_five_bits_of_the_page_count()
    {
        using var bench = new DriverBench(KernelVersion.Linux612);
        var domain = bench.Attached(bench.Device());
        bench.Run(bench.Driver.Sync(domain, DriverBench.Gather((0x1000_0000, 0x2000, 0x1000))));
        Assert.Equal([(0x0001_0000_0010_0012UL, 0x1000_0701UL)], bench.Commands);
        bench.Run(bench.Driver.Sync(domain, DriverBench.Gather((0x1000_0000, 0x2_5000, 0x1000))));
        Assert.Equal([(0x0001_0000_0000_4012UL, 0x1000_0701UL), (0x0001_0000_0050_0012UL, 0x1000_5701UL)], bench.Commands);
        bench.Run(bench.Driver.Sync(domain, DriverBench.Gather((0x4000_0000, Block2M, Block2M))));
        Assert.Equal([(0x0001_0000_0090_0012UL, 0x4000_0601UL)], bench.Commands);
    }

    [Fact]
    public void A_block_of_512M_of_the_64K_granule_is_one_range()
    {
        using var bench = new DriverBench(KernelVersion.Linux61, Server with { Idr5 = Server.Idr5 & ~(3u << 4) });
        var domain = bench.Attached(bench.Device());
        bench.Run(bench.Driver.Sync(domain, DriverBench.Gather((0x2000_0000, 1UL << 29, 1UL << 29))));
        Assert.Equal([(0x0001_0000_00D0_0012UL, 0x2000_0E01UL)], bench.Commands);
    }

    [Fact]
    public void Pages_that_do_not_touch_are_synced_apart()
    {
        using var bench = new DriverBench(KernelVersion.Linux61);
        var domain = bench.Attached(bench.Device());
        bench.Run(bench.Driver.Sync(domain, DriverBench.Gather((0x1000, 0x1000, 0x1000), (0x2000, 0x1000, 0x1000), (0x8000, 0x1000, 0x1000))));
        Assert.Equal([0x1000UL, 0x8000UL], bench.Commands.Select(command => command.Item2 & ~0xfffUL));
    }

    [Theory]
    [InlineData(0x1000_0000, 0x2000, 0x1000_0001)]
    [InlineData(0x7000, 0x4000, 0x0004)]
    public void An_ATC_invalidation_covers_its_range_with_one_aligned_power_of_two(ulong iova, ulong size, ulong expected)
    {
        using var bench = new DriverBench(KernelVersion.Linux612);
        var domain = bench.Attached(bench.Device(ats: true));
        bench.Run(bench.Driver.Sync(domain, DriverBench.Gather((iova, size, 0x1000))));
        Assert.Equal((0x0000_0020_0000_0040UL, expected), bench.Commands[^1]);
    }

    [Fact]
    public void Everything_of_a_domain_goes_by_ASID_or_by_VMID()
    {
        using var stage1 = new DriverBench(KernelVersion.Linux61);
        stage1.Run(stage1.Driver.FlushAll(stage1.Attached(stage1.Device())));
        Assert.Equal([(0x0001_0000_0000_0011UL, 0UL)], stage1.Commands);
        using var stage2 = new DriverBench(KernelVersion.Linux61, Server with { Idr0 = Server.Idr0 & ~2u });
        stage2.Run(stage2.Driver.FlushAll(stage2.Attached(stage2.Device())));
        Assert.Equal([(0x0000_0001_0000_0028UL, 0UL)], stage2.Commands);
    }
}
