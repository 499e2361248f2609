using Emulator.Hardware.Dma;
using Emulator.Hardware.Drivers;
using Emulator.Hardware.Iommus.QcomIommu;
using Emulator.Hardware.PageTables;
using Emulator.Hardware.Translation;

namespace Emulator.Hardware.Tests.Iommus.QcomIommu;

/// <summary>Where a DMA goes before, during and after each change of what a bank is attached to.</summary>
public sealed class OwnershipTests
{
    private static readonly QcomIommuOptions Everlasting = new() { Iotlb = IotlbGeometry.WithoutLimit };
    private static readonly QcomIommuOptions Uncached = new() { Iotlb = IotlbGeometry.WithoutCaching };

    [Theory]
    [MemberData(nameof(QcomRig.Kernels), MemberType = typeof(QcomRig))]
    public void Before_attach_and_after_detach_DMA_passes_untranslated_and_in_silence(KernelVersion kernel)
    {
        using var rig = new QcomRig(kernel);
        Assert.Equal(QcomRig.MappedIova, rig.Dma());
        var domain = rig.Attached();
        Assert.Equal(QcomRig.PageA, rig.Dma());

        Assert.Equal(["write SCTLR[1] = 0x0"], rig.Log(rig.Driver.Detach(domain, QcomRig.Device)));

        Assert.Equal(QcomRig.MappedIova, rig.Dma());
        Assert.Equal(0xdead_0000UL, rig.Dma(0xdead_0000, DmaAccess.Write));
        Assert.Equal(0, rig.Silicon.Faults.Total + rig.Silicon.UnrecordedFaults);
    }

    [Theory]
    [MemberData(nameof(QcomRig.Kernels), MemberType = typeof(QcomRig))]
    public void Attaching_the_same_domain_again_writes_nothing_and_DMA_stays_untranslated(KernelVersion kernel)
    {
        using var rig = new QcomRig(kernel);
        var domain = rig.Attached();
        rig.Run(rig.Driver.Detach(domain, QcomRig.Device));

        Assert.Empty(rig.Log(rig.Driver.Attach(domain, QcomRig.Device)));

        Assert.Equal(QcomRig.MappedIova, rig.Dma());
        Assert.Equal(QcomRig.PageA, domain.Tables!.Lookup(QcomRig.MappedIova));
    }

    [Theory]
    [MemberData(nameof(QcomRig.Kernels), MemberType = typeof(QcomRig))]
    public void An_old_domain_attached_after_a_new_one_leaves_the_new_ones_tables_programmed_and_freed(KernelVersion kernel)
    {
        using var rig = new QcomRig(kernel, options: Uncached);
        var old = rig.Attached();
        rig.Run(rig.Driver.Detach(old, QcomRig.Device));
        var next = rig.Attached(QcomRig.PageB);

        Assert.Empty(rig.Log(rig.Driver.Attach(old, QcomRig.Device)));
        Assert.Equal(QcomRig.PageB, rig.Dma());

        // The new domain is freed; whoever gets its pages decides where the device's DMA goes.
        rig.Run(rig.Driver.FreeDomain(next));
        var stranger = rig.Empty();
        rig.Driver.Finalise(stranger, QcomRig.Other);
        rig.Map(stranger, QcomRig.MappedIova, 0x3_0000_0000);
        Assert.Equal(0x3_0000_0000UL, rig.Dma());
    }

    [Theory]
    [MemberData(nameof(QcomRig.Kernels), MemberType = typeof(QcomRig))]
    public void A_second_device_in_a_domain_is_not_programmed_at_all(KernelVersion kernel)
    {
        using var rig = new QcomRig(kernel);
        var domain = rig.Attached();

        Assert.Empty(rig.Log(rig.Driver.Attach(domain, QcomRig.Other)));

        Assert.Equal(QcomRig.PageA, rig.Dma());
        Assert.Equal(QcomRig.MappedIova, rig.Dma(stream: 3));
    }

    [Theory]
    [MemberData(nameof(QcomRig.Kernels), MemberType = typeof(QcomRig))]
    public void From_one_domain_to_the_next_DMA_passes_untranslated_until_the_last_write(KernelVersion kernel)
    {
        using var rig = new QcomRig(kernel, options: Uncached);
        rig.Attached();
        var next = rig.Empty();
        rig.Driver.Finalise(next, QcomRig.Device);
        rig.Map(next, QcomRig.MappedIova, QcomRig.PageB);
        var seen = new List<ulong?>();

        rig.Run(rig.Driver.Attach(next, QcomRig.Device), _ => seen.Add(rig.Dma()));

        Assert.Equal(10, seen.Count);
        Assert.All(seen.SkipLast(1), landed => Assert.Equal(QcomRig.MappedIova, landed));
        Assert.Equal(QcomRig.PageB, seen[^1]);
    }

    [Theory]
    [MemberData(nameof(QcomRig.Kernels), MemberType = typeof(QcomRig))]
    public void What_the_old_domain_left_in_the_TLB_answers_under_the_new_one_until_the_old_one_is_freed(KernelVersion kernel)
    {
        using var rig = new QcomRig(kernel, options: Everlasting);
        var old = rig.Attached();
        rig.Dma();
        rig.Run(rig.Driver.Detach(old, QcomRig.Device));
        rig.Attached(QcomRig.PageB);

        Assert.Equal(QcomRig.PageA, rig.Dma());

        Assert.Equal("write TLBIASID[1] = 0x1", rig.Log(rig.Driver.FreeDomain(old))[0]);
        Assert.Equal(QcomRig.PageB, rig.Dma());
    }

    [Fact]
    public void An_empty_domain_stalls_every_DMA_but_those_to_cached_pages()
    {
        using var rig = new QcomRig(options: Everlasting);
        rig.Attached();
        rig.Dma();

        Assert.Equal(0, rig.Run(rig.Driver.Attach(rig.Empty(), QcomRig.Device)));

        Assert.Equal(QcomRig.PageA, rig.Dma());
        Assert.Equal(DmaStatus.Stalled, rig.Send(QcomRig.MappedIova + 0x1000).Status);
        Assert.Equal((ushort)QcomIommuFault.Translation, rig.TakeFault().Code);
    }

    [Fact]
    public void The_second_bank_of_a_device_is_told_to_drop_the_page_behind_and_keeps_the_right_one()
    {
        using var rig = new QcomRig(options: Everlasting);
        var domain = rig.Attached(device: QcomRig.Gpu);
        Assert.Equal(QcomRig.PageA, rig.Dma());
        Assert.Equal(QcomRig.PageA, rig.Dma(stream: 2));

        Assert.Equal(
            ["write TLBIVAL[1] = 0x40001001", "write TLBIVAL[2] = 0x40002002"],
            rig.Log(DomainMapping.Unmap(rig.Driver, domain, QcomRig.MappedIova, 0x1000))[..2]);

        Assert.Null(rig.Dma());
        Assert.Equal(QcomRig.PageA, rig.Dma(stream: 2));
        rig.Run(rig.Driver.FlushAll(domain));
        Assert.Equal(QcomRig.PageA, rig.Dma(stream: 2));

        rig.Run(rig.Driver.FreeDomain(domain));
        Assert.NotEqual(QcomRig.PageA, rig.Dma(stream: 2));
    }

    [Fact]
    public void A_table_that_goes_is_invalidated_over_its_whole_range_and_the_second_bank_behind_it()
    {
        using var rig = new QcomRig();
        var domain = rig.Attached(device: QcomRig.Gpu);

        var log = rig.Log(rig.Driver.Invalidate(domain, new Invalidation(InvalidationKind.Walk, 0x4000_0000, 0x3000, 0x1000)));

        Assert.Equal(
            [
                "write TLBIVA[1] = 0x40000001", "write TLBIVA[1] = 0x40001001", "write TLBIVA[1] = 0x40002001",
                "write TLBIVA[2] = 0x40003002", "write TLBIVA[2] = 0x40004002", "write TLBIVA[2] = 0x40005002",
            ],
            log[..6]);
        Assert.Equal(["write TLBSYNC[1] = 0x0", "read  TLBSTATUS[1] -> 0x0", "write TLBSYNC[2] = 0x0", "read  TLBSTATUS[2] -> 0x0"], log[6..]);
    }

    [Theory]
    [MemberData(nameof(QcomRig.Kernels), MemberType = typeof(QcomRig))]
    public void An_unmapped_page_is_reached_until_it_is_invalidated(KernelVersion kernel)
    {
        using var rig = new QcomRig(kernel);
        var domain = rig.Attached();
        rig.Dma();
        var gather = new InvalidationGather();
        Assert.Equal(0x1000UL, DomainPaging.Unmap(domain.Tables!, QcomRig.MappedIova, 0x1000, gather));
        rig.Run(rig.Driver.FlushAll(domain));
        Assert.Equal(QcomRig.PageA, rig.Dma());

        rig.Run(rig.Driver.Sync(domain, gather));

        Assert.Null(rig.Dma());
    }

    [Theory]
    [MemberData(nameof(QcomRig.Kernels), MemberType = typeof(QcomRig))]
    public void A_domain_freed_under_its_device_leaves_the_bank_walking_what_is_somebody_elses(KernelVersion kernel)
    {
        using var rig = new QcomRig(kernel);
        var domain = rig.Attached();
        rig.Run(rig.Driver.FreeDomain(domain));

        var next = rig.Empty();
        rig.Driver.Finalise(next, QcomRig.Other);
        rig.Map(next, QcomRig.MappedIova, QcomRig.PageB);

        Assert.Equal(QcomRig.PageB, rig.Dma());
    }

    [Theory]
    [MemberData(nameof(QcomRig.Kernels), MemberType = typeof(QcomRig))]
    public void A_device_that_goes_away_leaves_its_bank_translating(KernelVersion kernel)
    {
        using var rig = new QcomRig(kernel);
        rig.Attached();

        Assert.Empty(rig.Log(rig.Driver.ReleaseDevice(QcomRig.Device)));

        Assert.Equal(QcomRig.PageA, rig.Dma());
    }

    [Fact]
    public void A_transaction_stalled_at_the_detach_holds_up_the_next_domain()
    {
        using var rig = new QcomRig();
        var old = rig.Attached();
        rig.Dma(QcomRig.MappedIova + 0x1000);
        rig.Run(rig.Driver.Detach(old, QcomRig.Device));
        Assert.Equal(QcomRig.MappedIova, rig.Dma());

        rig.Attached(QcomRig.PageB);

        Assert.Equal(DmaStatus.Stalled, rig.Send().Status);
        Assert.False(rig.Silicon.InterruptAsserted);
        rig.Write(QcomIommuRegisters.Resume, 1);
        Assert.Equal(QcomRig.PageB, rig.TakeResumed()[^1].Completion.Address.Value);
    }

    [Fact]
    public void Identity_of_6_12_writes_nothing_for_a_device_without_a_domain()
    {
        using var rig = new QcomRig(KernelVersion.Linux612);
        var identity = rig.Driver.AllocateDomain(DomainType.Identity);
        Assert.Empty(rig.Log(rig.Driver.Attach(identity, QcomRig.Device)));
        rig.Attached();

        Assert.Equal(["write SCTLR[1] = 0x0"], rig.Log(rig.Driver.Attach(identity, QcomRig.Device)));
        Assert.Empty(rig.Log(rig.Driver.Attach(identity, QcomRig.Device)));
        Assert.Equal(QcomRig.MappedIova, rig.Dma());
    }
}
