using Emulator.Hardware.Dma;
using Emulator.Hardware.Drivers;
using Emulator.Hardware.Iommus.IpmmuVmsa;
using Emulator.Hardware.PageTables;
using Emulator.Hardware.Translation;

namespace Emulator.Hardware.Tests.Iommus.IpmmuVmsa;

/// <summary>Where a DMA goes before, during and after each change of what a micro-TLB is attached to.</summary>
public sealed class OwnershipTests
{
    [Theory]
    [MemberData(nameof(IpmmuRig.Cases), MemberType = typeof(IpmmuRig))]
    public void Before_the_first_attach_DMA_is_not_translated(string variant, KernelVersion kernel)
    {
        using var rig = IpmmuRig.Of(variant, kernel);

        Assert.Equal(IpmmuRig.MappedIova, rig.Dma());
        Assert.Equal(0, rig.Leaf.Faults.Total);
    }

    [Theory]
    [MemberData(nameof(IpmmuRig.Cases), MemberType = typeof(IpmmuRig))]
    public void After_detach_DMA_passes_untranslated_and_in_silence(string variant, KernelVersion kernel)
    {
        using var rig = IpmmuRig.Of(variant, kernel);
        var domain = rig.Attached();
        Assert.Equal(IpmmuRig.PageA, rig.Dma());

        Assert.Single(rig.Log(rig.Driver.Detach(domain, IpmmuRig.Device)));

        Assert.Equal(IpmmuRig.MappedIova, rig.Dma());
        Assert.Equal(IpmmuRig.MappedIova, rig.Dma(access: DmaAccess.Write));
        Assert.Equal(0xdead_0000, rig.Dma(0xdead_0000));
        Assert.Equal(0, rig.Leaf.Faults.Total + rig.Leaf.UnrecordedFaults);
        Assert.Equal(0u, rig.ReadMicroTlb(5));
        Assert.Equal(5u, rig.ReadContext(domain.Context!.Value, IpmmuVmsaRegisters.Control));
    }

    [Theory]
    [MemberData(nameof(IpmmuRig.Cases), MemberType = typeof(IpmmuRig))]
    public void The_context_goes_on_for_who_is_still_attached(string variant, KernelVersion kernel)
    {
        using var rig = IpmmuRig.Of(variant, kernel);
        var domain = rig.Attached();
        rig.Run(rig.Driver.Attach(domain, IpmmuRig.Other));

        rig.Run(rig.Driver.Detach(domain, IpmmuRig.Device));

        Assert.Equal(IpmmuRig.MappedIova, rig.Dma());
        Assert.Equal(IpmmuRig.PageA, rig.Dma(stream: 7));
    }

    [Theory]
    [MemberData(nameof(IpmmuRig.Cases), MemberType = typeof(IpmmuRig))]
    public void Attaching_again_translates_at_once_and_without_what_was_cached(string variant, KernelVersion kernel)
    {
        using var rig = IpmmuRig.Of(variant, kernel, new IpmmuVmsaOptions { Iotlb = IotlbGeometry.WithoutLimit });
        var domain = rig.Attached();
        rig.Dma();
        rig.Run(rig.Driver.Detach(domain, IpmmuRig.Device));
        Assert.Equal(0x1000UL, domain.Tables!.Unmap(IpmmuRig.MappedIova, 0x1000, 1, new InvalidationGather()));
        Assert.Equal(1, rig.Leaf.Iotlb!.Count);

        Assert.Equal(2, rig.Log(rig.Driver.Attach(domain, IpmmuRig.Device)).Count);

        Assert.Equal(0, rig.Leaf.Iotlb!.Count);
        Assert.Null(rig.Dma());
    }

    [Theory]
    [InlineData("gen3", KernelVersion.Linux61)]
    [InlineData("gen3", KernelVersion.Linux612)]
    [InlineData("gen4", KernelVersion.Linux612)]
    public void From_one_domain_to_the_next_there_is_no_identity_in_between(string variant, KernelVersion kernel)
    {
        using var rig = IpmmuRig.Of(variant, kernel, new IpmmuVmsaOptions { Iotlb = IotlbGeometry.WithoutLimit });
        rig.Attached();
        var next = rig.Empty();
        rig.Driver.Finalise(next, IpmmuRig.Device);
        rig.Map(next, IpmmuRig.MappedIova, IpmmuRig.PageB);
        var seen = new List<ulong?>();

        rig.Run(rig.Driver.Attach(next, IpmmuRig.Device), _ => seen.Add(rig.Dma()));

        Assert.Equal(IpmmuRig.PageB, seen[^1]);
        Assert.All(seen.SkipLast(1), landed => Assert.Equal(IpmmuRig.PageA, landed));
    }

    [Theory]
    [InlineData("gen3")]
    [InlineData("gen4")]
    public void An_empty_domain_refuses_every_DMA_with_a_translation_fault(string variant)
    {
        using var rig = IpmmuRig.Of(variant, KernelVersion.Linux61);
        rig.Attached();
        var empty = rig.Empty();

        Assert.Equal(0, rig.Run(rig.Driver.Attach(empty, IpmmuRig.Device)));

        Assert.Null(rig.Dma());
        Assert.Equal(0x1001, rig.TakeFault().Code);
        Assert.Equal(0x1001u, rig.ReadContext(2, IpmmuVmsaRegisters.Status));
    }

    [Theory]
    [InlineData(KernelVersion.Linux61)]
    [InlineData(KernelVersion.Linux612)]
    public void Gen2_has_no_context_for_an_empty_domain_and_goes_on_translating(KernelVersion kernel)
    {
        using var rig = IpmmuRig.Of("gen2", kernel);
        rig.Attached();

        Assert.Equal(-(long)Errno.EBUSY, rig.Run(rig.Driver.Attach(rig.Empty(), IpmmuRig.Device)));

        Assert.Equal(IpmmuRig.PageA, rig.Dma());
    }

    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public void A_domain_freed_under_its_device_leaves_a_micro_TLB_that_selects_nothing(bool passes)
    {
        using var rig = new IpmmuRig(IpmmuVmsaHardware.Gen3, KernelVersion.Linux61, new IpmmuVmsaOptions { DisabledContextPasses = passes });
        var domain = rig.Attached();

        rig.Run(rig.Driver.FreeDomain(domain));

        Assert.Equal(passes ? IpmmuRig.MappedIova : null, rig.Dma());
        Assert.Equal(1, rig.Leaf.DisabledContextAccesses);
        Assert.Equal(0, rig.Leaf.Faults.Total);
    }

    [Fact]
    public void Whoever_gets_the_freed_context_next_gets_the_forgotten_micro_TLB_with_it()
    {
        using var rig = IpmmuRig.Of("gen3", KernelVersion.Linux61);
        rig.Run(rig.Driver.FreeDomain(rig.Attached()));

        rig.Attached(IpmmuRig.PageB, device: IpmmuRig.Other);

        Assert.Equal(IpmmuRig.PageB, rig.Dma());
    }

    [Theory]
    [MemberData(nameof(IpmmuRig.Cases), MemberType = typeof(IpmmuRig))]
    public void A_free_turns_the_context_off_before_the_tables_go(string variant, KernelVersion kernel)
    {
        using var rig = IpmmuRig.Of(variant, kernel, new IpmmuVmsaOptions { Iotlb = IotlbGeometry.WithoutLimit });
        var domain = rig.Attached();
        rig.Dma();
        var seen = new List<ulong?>();

        var steps = rig.Log(rig.Driver.FreeDomain(domain), () => seen.Add(rig.Dma()));

        // Leaf and root are turned off with the first writes; from then on nothing of the old domain is seen.
        var off = rig.Hardware.HasLeaves ? 1 : 0;
        Assert.EndsWith("IMCTR[" + (rig.Hardware.ReservesContext0 ? 1 : 0) + "] = 0x2", steps[off], StringComparison.Ordinal);
        Assert.All(seen.Skip(off), landed => Assert.Equal(IpmmuRig.MappedIova, landed));
        Assert.Null(domain.Tables);
    }

    [Theory]
    [MemberData(nameof(IpmmuRig.Cases), MemberType = typeof(IpmmuRig))]
    public void An_unmapped_page_is_reached_until_the_flush(string variant, KernelVersion kernel)
    {
        using var rig = IpmmuRig.Of(variant, kernel);
        var domain = rig.Attached();
        rig.Dma();
        var gather = new InvalidationGather();
        Assert.Equal(0x1000UL, DomainPaging.Unmap(domain.Tables!, IpmmuRig.MappedIova, 0x1000, gather));

        Assert.Equal(IpmmuRig.PageA, rig.Dma());

        rig.Run(rig.Driver.Sync(domain, gather));
        Assert.Null(rig.Dma());
    }

    [Fact]
    public void A_root_with_a_TLB_hands_a_stale_page_to_a_leaf_that_was_flushed_before_it()
    {
        using var rig = new IpmmuRig(IpmmuVmsaHardware.Gen3, KernelVersion.Linux61, new IpmmuVmsaOptions { RootIotlb = new IotlbGeometry() });
        var domain = rig.Attached();
        rig.Dma();
        var gather = new InvalidationGather();
        DomainPaging.Unmap(domain.Tables!, IpmmuRig.MappedIova, 0x1000, gather);

        rig.Run(rig.Driver.Sync(domain, gather), _ => rig.Dma());
        Assert.Equal(IpmmuRig.PageA, rig.Dma());

        rig.Run(rig.Driver.FlushAll(domain));
        Assert.Null(rig.Dma());
    }

    [Fact]
    public void Masters_that_share_a_micro_TLB_leave_together()
    {
        using var rig = IpmmuRig.Of("gen3", KernelVersion.Linux61);
        var domain = rig.Attached();
        var sharing = new DmaDevice("sharing", new StreamId(5));
        rig.Run(rig.Driver.Attach(domain, sharing));

        rig.Run(rig.Driver.Detach(domain, sharing));

        Assert.Equal(IpmmuRig.MappedIova, rig.Dma());
    }

    [Theory]
    [InlineData("gen2", KernelVersion.Linux61, IpmmuRig.MappedIova)]
    [InlineData("gen3", KernelVersion.Linux61, IpmmuRig.PageA)]
    [InlineData("gen4", KernelVersion.Linux61, IpmmuRig.PageA)]
    [InlineData("gen2", KernelVersion.Linux612, IpmmuRig.MappedIova)]
    [InlineData("gen3", KernelVersion.Linux612, IpmmuRig.MappedIova)]
    public void A_device_that_goes_away_leaves_its_micro_TLB_on_only_under_6_1_on_64_bit_Arm(string variant, KernelVersion kernel, ulong landed)
    {
        using var rig = IpmmuRig.Of(variant, kernel);
        rig.Attached();

        rig.Run(rig.Driver.ReleaseDevice(IpmmuRig.Device));

        Assert.Equal(landed, rig.Dma());
    }

    [Fact]
    public void Identity_of_6_12_is_the_same_write_and_nothing_for_a_device_without_a_domain()
    {
        using var rig = IpmmuRig.Of("gen3", KernelVersion.Linux612);
        var identity = rig.Driver.AllocateDomain(DomainType.Identity);
        Assert.Empty(rig.Log(rig.Driver.Attach(identity, IpmmuRig.Device)));
        rig.Attached();

        Assert.Equal(["write ipmmu0.IMUCTR[5] = 0x0"], rig.Log(rig.Driver.Attach(identity, IpmmuRig.Device)));

        Assert.Equal(IpmmuRig.MappedIova, rig.Dma());
        Assert.Empty(rig.Log(rig.Driver.Attach(identity, IpmmuRig.Device)));
    }

    [Fact]
    public void What_firmware_left_in_a_micro_TLB_stays_until_the_first_attach()
    {
        using var rig = IpmmuRig.Of("gen3", KernelVersion.Linux612);
        rig.Leaf.Registers.Write(rig.Hardware.MicroTlb(5, IpmmuVmsaRegisters.MicroTlbControl), 4, 0x11);
        rig.Run(rig.Driver.Attach(rig.Driver.AllocateDomain(DomainType.Identity), IpmmuRig.Device));
        Assert.Equal(0x11u, rig.ReadMicroTlb(5));

        rig.Attached(device: IpmmuRig.Other);

        Assert.Equal(IpmmuRig.PageA, rig.Dma());
    }
}
