using Emulator.Hardware.Dma;
using Emulator.Hardware.Drivers;
using Emulator.Hardware.Iommus.Rockchip;
using Emulator.Hardware.PageTables;
using Emulator.Hardware.Translation;

namespace Emulator.Hardware.Tests.Iommus.Rockchip;

/// <summary>Where a DMA goes before, during and after each change of what its instance is attached to.</summary>
public sealed class IsolationTests
{
    [Theory]
    [MemberData(nameof(RockchipRig.Cases), MemberType = typeof(RockchipRig))]
    public void Before_the_first_attach_everything_passes(string variant, KernelVersion kernel)
    {
        using var rig = new RockchipRig(variant, kernel);

        Assert.Equal(RockchipRig.Iova + 8, rig.Dma(RockchipRig.Iova + 8));
        Assert.Equal(0xffff_fffcUL, rig.Dma(0xffff_fffc, DmaAccess.Write));
    }

    [Theory]
    [MemberData(nameof(RockchipRig.Cases), MemberType = typeof(RockchipRig))]
    public void After_the_detach_everything_passes_in_silence(string variant, KernelVersion kernel)
    {
        using var rig = new RockchipRig(variant, kernel);
        var domain = rig.Attached();
        Assert.Equal(RockchipRig.PageA, rig.Dma());

        Assert.Equal(0, rig.Run(rig.Driver.Detach(domain, rig.Device)));

        Assert.Equal(RockchipRegisters.Idle | RockchipRegisters.ReplayBufferEmpty, rig.Read(RockchipRegisters.Status));
        Assert.Equal(0UL, rig.Read(RockchipRegisters.InterruptMask));
        Assert.Equal(0UL, rig.Read(RockchipRegisters.DirectoryAddress));
        Assert.Equal(1, rig.Bank.Iotlb!.Count);
        Assert.Equal(RockchipRig.Iova, rig.Dma());
        Assert.Equal(RockchipRig.Iova + 0x1000, rig.Dma(RockchipRig.Iova + 0x1000, DmaAccess.Write));
        Assert.Equal(0, rig.Bank.Faults.Total);
    }

    [Fact]
    public void The_identity_domain_of_6_12_is_the_detach()
    {
        using var rig = new RockchipRig("v2", KernelVersion.Linux612);
        using var detached = new RockchipRig("v2", KernelVersion.Linux612);
        rig.Attached();
        var domain = detached.Attached();
        var identity = rig.Driver.AllocateDomain(DomainType.Identity);

        Assert.Equal(detached.Log(detached.Driver.Detach(domain, detached.Device)), rig.Log(rig.Driver.Attach(identity, rig.Device)));

        Assert.Equal(RockchipRig.Iova, rig.Dma());
        Assert.Empty(rig.Log(rig.Driver.Attach(identity, rig.Device)));
    }

    [Theory]
    [MemberData(nameof(RockchipRig.Cases), MemberType = typeof(RockchipRig))]
    public void From_A_to_B_DMA_is_held_and_then_passes_untranslated(string variant, KernelVersion kernel)
    {
        using var rig = new RockchipRig(variant, kernel);
        rig.Attached();
        var b = rig.Domain(RockchipRig.PageB);
        var seen = new List<ulong?>();

        rig.Run(rig.Driver.Attach(b, rig.Device), _ => seen.Add(rig.Dma()));

        var held = seen.Count(landed => landed == null);
        Assert.Equal([RockchipRig.PageA, null, RockchipRig.Iova, RockchipRig.PageB], seen.Where((landed, i) => i == 0 || landed != seen[i - 1]));
        Assert.Equal(Enumerable.Repeat<ulong?>(RockchipRig.Iova, held), rig.Resumed());
        Assert.Equal(0, rig.Bank.Faults.Total);
    }

    [Fact]
    public void A_stall_can_be_made_to_hold_translated_DMA_only()
    {
        using var rig = new RockchipRig("v1", KernelVersion.Linux61, new RockchipOptions { StallHoldsUntranslated = false });
        var domain = rig.Attached();
        var stalledAndPassing = 0;

        rig.Run(rig.Driver.Detach(domain, rig.Device), _ => stalledAndPassing += rig.Status(RockchipRegisters.StallActive) && rig.Dma() == RockchipRig.Iova ? 1 : 0);

        Assert.Equal(5, stalledAndPassing);
    }

    [Fact]
    public void A_stall_is_taken_only_while_paging_is_on()
    {
        using var rig = new RockchipRig("v1", KernelVersion.Linux61);

        rig.Order(RockchipCommand.EnableStall);

        Assert.False(rig.Status(RockchipRegisters.StallActive));
        Assert.Equal(RockchipRig.Iova, rig.Dma());
    }

    [Fact]
    public void If_paging_does_not_go_off_the_detached_device_walks_from_address_0_with_interrupts_masked()
    {
        using var rig = new RockchipRig("v1", KernelVersion.Linux61);
        var domain = rig.Attached();
        rig.Bank.IgnoredCommands.Add(RockchipCommand.DisablePaging);
        Assert.Equal(0, rig.Run(rig.Driver.Detach(domain, rig.Device)));
        rig.Bank.IgnoredCommands.Clear();
        rig.Order(RockchipCommand.ZapCache);
        rig.Memory.Write32(12, 0x10_0001);
        rig.Memory.Write32(0x10_0000 + 12, 0x5555_5007);

        Assert.Equal(0x5555_5000UL, rig.Dma());
        Assert.Equal(DmaStatus.Stalled, rig.Send(0).Status);
        Assert.False(rig.Bank.InterruptAsserted);
    }

    [Theory]
    [MemberData(nameof(RockchipRig.Cases), MemberType = typeof(RockchipRig))]
    public void An_empty_domain_holds_every_DMA_with_a_page_fault(string variant, KernelVersion kernel)
    {
        using var rig = new RockchipRig(variant, kernel);
        rig.Attached();
        rig.Run(rig.Driver.Attach(rig.Domain(), rig.Device));

        Assert.Equal(DmaStatus.Stalled, rig.Send().Status);
        Assert.Equal(FaultReason.NotPresent, rig.TakeFault().Reason);
    }

    [Theory]
    [InlineData(KernelVersion.Linux61)]
    [InlineData(KernelVersion.Linux612)]
    public void A_released_device_walks_the_freed_tables_until_its_instance_sleeps(KernelVersion kernel)
    {
        using var rig = new RockchipRig("v1", kernel);
        var domain = rig.Attached();
        Assert.Equal(0, rig.Run(rig.Driver.ReleaseDevice(rig.Device)));
        Assert.Equal(0, rig.Run(rig.Driver.FreeDomain(domain)));

        var next = rig.Domain();
        rig.Map(next, RockchipRig.Iova, RockchipRig.PageB, 0x1000);

        Assert.Equal(RockchipRig.PageB, rig.Dma());
        rig.Run(rig.Driver.SuspendDevice(rig.Device));
        Assert.Equal(RockchipRig.Iova, rig.Dma());
    }

    [Theory]
    [MemberData(nameof(RockchipRig.Cases), MemberType = typeof(RockchipRig))]
    public void What_is_attached_in_sleep_translates_from_the_resume_to_the_next_suspend(string variant, KernelVersion kernel)
    {
        using var rig = new RockchipRig(variant, kernel);
        rig.Run(rig.Driver.SuspendDevice(rig.Device));
        var domain = rig.Domain(RockchipRig.PageA);
        Assert.Empty(rig.Log(rig.Driver.Attach(domain, rig.Device)));
        Assert.Equal(RockchipRig.Iova, rig.Dma());

        Assert.Equal(0, rig.Run(rig.Driver.ResumeDevice(rig.Device)));
        Assert.Equal(RockchipRig.PageA, rig.Dma());

        Assert.Equal(0, rig.Run(rig.Driver.SuspendDevice(rig.Device)));
        Assert.Equal(RockchipRig.Iova, rig.Dma());
        Assert.Empty(rig.Log(rig.Driver.Detach(domain, rig.Device)));
        Assert.Empty(rig.Log(rig.Driver.ResumeDevice(rig.Device)));
        Assert.Equal(RockchipRig.Iova, rig.Dma());
    }

    [Theory]
    [MemberData(nameof(RockchipRig.Cases), MemberType = typeof(RockchipRig))]
    public void An_unmapped_page_translates_until_it_is_invalidated_and_no_other_one_is(string variant, KernelVersion kernel)
    {
        using var rig = new RockchipRig(variant, kernel, new RockchipOptions { Iotlb = IotlbGeometry.WithoutLimit });
        var domain = rig.Attached();
        rig.Map(domain, RockchipRig.Iova + 0x1000, RockchipRig.PageB, 0x1000);
        rig.Dma();
        rig.Dma(RockchipRig.Iova + 0x1000);
        var gather = new InvalidationGather();

        Assert.Equal(0x1000UL, domain.Tables!.Unmap(RockchipRig.Iova, 0x1000, 1, gather));

        Assert.Equal(RockchipRig.PageA, rig.Dma());
        Assert.Equal(["write rk0.ZAP_ONE_LINE = 0xc03000"], rig.Log(rig.Driver.Sync(domain, gather)));
        Assert.Equal(1, rig.Bank.Iotlb!.Count);
        Assert.Equal(DmaStatus.Stalled, rig.Send().Status);
    }

    [Fact]
    public void An_instance_that_sleeps_is_not_invalidated_and_does_not_need_it()
    {
        using var rig = new RockchipRig("v1", KernelVersion.Linux61);
        var domain = rig.Attached();
        rig.Dma();
        rig.Run(rig.Driver.SuspendDevice(rig.Device));
        rig.Run(rig.Driver.ResumeDevice(rig.Other));
        rig.Run(rig.Driver.Attach(domain, rig.Other));

        Assert.Equal(["write rk1.ZAP_ONE_LINE = 0xc03000"], rig.Log(rig.Driver.Unmap(domain, RockchipRig.Iova, 0x1000)));
        Assert.Equal(1, rig.Bank.Iotlb!.Count);

        rig.Run(rig.Driver.ResumeDevice(rig.Device));
        Assert.Equal(DmaStatus.Stalled, rig.Send().Status);
    }

    [Fact]
    public void Two_instances_of_one_domain_are_detached_one_by_one()
    {
        using var rig = new RockchipRig("v1", KernelVersion.Linux61);
        var domain = rig.Attached();
        rig.Run(rig.Driver.ResumeDevice(rig.Other));
        rig.Run(rig.Driver.Attach(domain, rig.Other));
        Assert.Equal(RockchipRig.PageA, rig.Dma(unit: 1));

        rig.Run(rig.Driver.Detach(domain, rig.Device));

        Assert.Equal(RockchipRig.Iova, rig.Dma());
        Assert.Equal(RockchipRig.PageA, rig.Dma(unit: 1));
    }

    [Fact]
    public void Address_bits_above_31_do_not_exist()
    {
        using var rig = new RockchipRig("v2", KernelVersion.Linux612);
        Assert.Equal(RockchipRig.Iova, rig.Dma(0x5_0000_0000 | RockchipRig.Iova));
        rig.Attached();
        Assert.Equal(RockchipRig.PageA, rig.Dma(0x5_0000_0000 | RockchipRig.Iova));
    }

    [Fact]
    public void V2_reaches_output_addresses_above_4_GiB()
    {
        using var rig = new RockchipRig("v2", KernelVersion.Linux612);
        rig.Attached(0x12_3456_7000);
        Assert.Equal(0x12_3456_7abcUL, rig.Dma(RockchipRig.Iova + 0xabc));
    }

    [Fact]
    public void Translation_allocates_nothing()
    {
        using var rig = new RockchipRig("v2", KernelVersion.Linux61);
        var domain = rig.Attached();
        rig.Map(domain, 0x100_0000, RockchipRig.PageB, 0x40_0000);
        var requests = new DmaRequest[2048];
        for (var i = 0; i < requests.Length; i++)
            requests[i] = new DmaRequest(new StreamId(0), new Iova(i == 2000 ? 0 : 0x100_0000 + ((ulong)i % 1024 * 0x1000)), DmaAccess.Write);
        var completions = new DmaCompletion[requests.Length];
        rig.Bank.Translate(requests, completions);

        Assert.Equal(0, Allocations.Of(() =>
        {
            for (var i = 0; i < 10; i++)
            {
                rig.Order(RockchipCommand.PageFaultDone);
                rig.Bank.Translate(requests, completions);
            }
        }));
    }
}
