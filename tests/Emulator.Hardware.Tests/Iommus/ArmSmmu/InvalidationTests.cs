using Emulator.Hardware.Drivers;
using Emulator.Hardware.Iommus.ArmSmmu;
using Emulator.Hardware.Iommus.ArmSmmu.Driver;
using Emulator.Hardware.PageTables;
using R = Emulator.Hardware.Iommus.ArmSmmu.ArmSmmuRegisters;

namespace Emulator.Hardware.Tests.Iommus.ArmSmmu;

/// <summary>What the driver invalidates, and what stays cached until then.</summary>
public sealed class InvalidationTests
{
    [Fact]
    public void Pages_stay_cached_until_the_sync_of_their_unmap()
    {
        using var bench = new DriverBench();
        var domain = bench.Attached();
        bench.Map(domain, 0x1000_0000, 0x2000_0000, 0x2000);
        Assert.NotNull(bench.Lands(0x1000_0000));
        var gather = new InvalidationGather();
        DomainPaging.Unmap(domain.PageTable!, 0x1000_0000, 0x2000, gather);
        Assert.Equal(0x2000_0000ul, bench.Lands(0x1000_0000));
        Assert.Null(bench.Lands(0x1000_1000));
        Assert.Equal(
            [(0xB620, 0x3_0000_0001_0000), (0xB620, 0x3_0000_0001_0001), (0xB7F0, 0xffff_ffff)],
            bench.Writes(bench.Driver.Sync(domain, gather)));
        Assert.Null(bench.Lands(0x1000_0000));
    }

    [Theory]
    [InlineData(ArmSmmuModel.Generic, 513)]
    [InlineData(ArmSmmuModel.Qualcomm, 2)]
    public void A_table_that_goes_is_invalidated_page_by_page_or_by_its_ASID(ArmSmmuModel model, int writes)
    {
        using var bench = new DriverBench(options: new ArmSmmuDriverOptions { Model = model });
        var domain = bench.Attached();
        bench.Map(domain, 0x1000_0000, 0x2000_0000);
        Assert.NotNull(bench.Lands(0x1000_0000));
        var found = bench.Writes(((IIommuDriver)bench.Driver).Map(domain, 0x1000_0000, 0x2020_0000, 0x20_0000, DriverBench.ReadWriteCache));
        Assert.Equal(writes, found.Count);
        Assert.Equal(0x2020_0000ul, bench.Lands(0x1000_0000));
        Assert.Equal(2, bench.Writes(((IIommuDriver)bench.Driver).Unmap(domain, 0x1000_0000, 0x20_0000)).Count);
        Assert.Null(bench.Lands(0x1000_0000));
    }

    [Fact]
    public void Version_1_invalidates_stage_2_by_VMID_and_waits_for_the_whole_SMMU()
    {
        var options = new ArmSmmuOptions { Version = 1, Id0 = 0x2800_1E08, Id1 = 0x2008_0008, Id2 = 0x22 };
        using var bench = new DriverBench(hardware: options, options: new ArmSmmuDriverOptions { Version = 1 });
        var domain = bench.Attached();
        bench.Map(domain, 0x1000_0000, 0x2000_0000);
        Assert.Equal(0x2000_0000ul, bench.Lands(0x1000_0000));
        Assert.Equal([(R.TlbiVmid, 1), (R.GlobalSync, 0xffff_ffff)], bench.Writes(((IIommuDriver)bench.Driver).Unmap(domain, 0x1000_0000, 0x1000)));
        Assert.Null(bench.Lands(0x1000_0000));
    }

    [Fact]
    public void Version_1_counts_its_context_interrupts_round()
    {
        var options = new ArmSmmuOptions { Version = 1, Id1 = 0x2000_0008, Id2 = 0x22 };
        using var bench = new DriverBench(hardware: options, options: new ArmSmmuDriverOptions { Version = 1, ContextInterrupts = 2 });
        Assert.Equal([1, 0, 1], Enumerable.Range(0, 3).Select(_ => ((ArmSmmuDomain)bench.Attached()).Interrupt));
        Assert.Equal([0x0101_F300u, 0x0001_F300u], new ulong[] { 0x1000, 0x1004 }.Select(offset => (uint)bench.Read(offset)));
    }

    [Fact]
    public void Inside_a_page_table_call_each_page_is_invalidated_before_the_next_one_goes()
    {
        using var bench = new DriverBench();
        var domain = bench.Attached();
        bench.Map(domain, 0x1000_0000, 0x2000_0000, 0x2000);
        var second = new List<ulong>();
        var gather = new InvalidationGather
        {
            InvalidatePage = request =>
            {
                second.Add(bench.Memory.Read64(0x8000_3008));
                Assert.Single(bench.Writes(bench.Driver.Invalidate(domain, request)));
            },
        };
        Assert.Equal(0x2000, bench.Run(DomainMapping.Unmap(bench.Driver, domain, 0x1000_0000, 0x2000, gather)));
        Assert.Equal([0x2000_1F47u, 0u], second);
        Assert.True(gather.IsEmpty);
    }

    [Fact]
    public void A_wait_that_never_ends_gives_up_after_two_hundred_reads()
    {
        using var bench = new DriverBench();
        var domain = bench.Attached();
        var reads = 0;
        foreach (var step in bench.Driver.FlushAll(domain))
        {
            step.Value = 1;
            reads += step.Kind == DriverStepKind.ReadRegister ? 1 : 0;
        }

        Assert.Equal(200, reads);
    }
}
