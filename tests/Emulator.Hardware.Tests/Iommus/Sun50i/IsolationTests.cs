using Emulator.Hardware.Dma;
using Emulator.Hardware.Drivers;
using Emulator.Hardware.Iommus.Sun50i;

namespace Emulator.Hardware.Tests.Iommus.Sun50i;

/// <summary>Where DMA lands when devices leave a domain.</summary>
public sealed class IsolationTests
{
    private const ulong OtherTable = 0x7000_0000;

    public static TheoryData<KernelVersion> Kernels => [KernelVersion.Linux61, KernelVersion.Linux612];

    [Fact]
    public void In_reset_and_without_a_clock_DMA_passes_untranslated_and_writes_are_lost()
    {
        using var rig = new Sun50iRig();
        Assert.Equal(Sun50iRig.MappedIova, rig.Dma());
        foreach (var gate in (uint[])[0, Sun50iRegisters.ResetReleased, Sun50iRegisters.ClockOn])
        {
            rig.Write(Sun50iRegisters.BusGateReset, gate);
            rig.Write(Sun50iRegisters.Enable, 1);
            Assert.Equal(0u, rig.Read(Sun50iRegisters.Enable));
            Assert.Equal(Sun50iRig.MappedIova, rig.Dma());
        }

        rig.PowerOn();
        Assert.Equal(Sun50iRig.MappedIova, rig.Dma());
        rig.Write(Sun50iRegisters.Enable, 1);
        Assert.Null(rig.Dma());
    }

    [Fact]
    public void The_reset_line_clears_registers_and_caches()
    {
        using var rig = new Sun50iRig();
        rig.Attached();
        rig.Dma();
        rig.Dma(Sun50iRig.MappedIova + 0x1000, master: 1);
        rig.Write(Sun50iRegisters.BusGateReset, Sun50iRegisters.ClockOn);
        rig.PowerOn();
        foreach (var register in (ulong[])[Sun50iRegisters.Enable, Sun50iRegisters.TableBase, Sun50iRegisters.Authority, Sun50iRegisters.InterruptStatus])
            Assert.Equal(0u, rig.Read(register));
        Assert.Equal(0, rig.Iommu.Iotlb!.Count + rig.Iommu.MacroTlb.Count);
        Assert.Equal(Sun50iRig.MappedIova, rig.Dma(master: 1));
    }

    [Fact]
    public void A_bypassed_master_passes_untranslated_and_the_attach_ends_that()
    {
        using var rig = new Sun50iRig(options: new Sun50iOptions { ResetBypass = 0x3f });
        rig.Attached();
        Assert.Equal(Sun50iRig.PageA, rig.Dma(master: 3));
        rig.Write(Sun50iRegisters.Bypass, 1 << 3);
        Assert.Equal(Sun50iRig.MappedIova, rig.Dma(master: 3));
        Assert.Equal(Sun50iRig.PageA, rig.Dma(master: 2));
    }

    [Theory]
    [MemberData(nameof(Kernels))]
    public void The_detach_writes_nothing_and_the_domain_goes_on_translating(KernelVersion kernel)
    {
        using var rig = new Sun50iRig(kernel);
        var domain = rig.Attached();
        rig.Map(domain, OtherTable, Sun50iRig.PageB);
        rig.Dma();

        Assert.Empty(rig.Driver.Detach(domain, Sun50iRig.Device()));

        foreach (var access in (DmaAccess[])[DmaAccess.Read, DmaAccess.Write])
        {
            Assert.Equal(Sun50iRig.PageA, rig.Dma(access: access));
            Assert.Equal(Sun50iRig.PageB, rig.Dma(OtherTable, access));
        }

        Assert.Equal(0, rig.Iommu.Faults.Total);
        // It is a live table, not a stale cache: what is mapped later is reached, what is not faults.
        rig.Map(domain, OtherTable + 0x1000, Sun50iRig.PageA);
        Assert.Equal(Sun50iRig.PageA, rig.Dma(OtherTable + 0x1000));
        Assert.Null(rig.Dma(OtherTable + 0x2000));
        Assert.Equal(FaultReason.NotPresent, rig.TakeFault().Reason);
    }

    [Theory]
    [MemberData(nameof(Kernels))]
    public void After_the_detach_a_freed_directory_is_walked(KernelVersion kernel)
    {
        using var rig = new Sun50iRig(kernel);
        var domain = rig.Attached();
        rig.Detach(domain);

        Assert.Empty(rig.Driver.FreeDomain(domain));
        Assert.Equal(Sun50iRig.PageA, rig.Dma());

        // The next domain gets the directory; its page is reached by a device that nobody attached to it.
        var other = (Sun50iDomain)rig.Driver.AllocateDomain(DomainType.Unmanaged);
        Assert.Equal(domain.Tables!.Root, other.Tables!.Root);
        rig.Map(other, OtherTable, Sun50iRig.PageB);
        Assert.Equal(Sun50iRig.PageB, rig.Dma(OtherTable));
    }

    [Theory]
    [MemberData(nameof(Kernels))]
    public void The_next_attach_drops_the_last_reference_and_opens_memory_for_a_while(KernelVersion kernel)
    {
        using var rig = new Sun50iRig(kernel);
        var (a, b) = (rig.Attached(), rig.Domain(Sun50iRig.PageB));
        rig.Detach(a);

        var landings = new List<(ulong Offset, ulong Value, ulong? Landed)>();
        rig.Run(rig.Driver.Attach(b, Sun50iRig.Device()), step => landings.Add((step.Address, step.Value, rig.Dma())));

        Assert.Equal((Sun50iRegisters.Enable, 0UL, Sun50iRig.MappedIova), landings[0]);
        Assert.All(landings.SkipLast(1), landing => Assert.Equal(Sun50iRig.MappedIova, landing.Landed));
        Assert.Equal((Sun50iRegisters.Enable, 1UL, Sun50iRig.PageB), landings[^1]);
        Assert.Contains((Sun50iRegisters.BusGateReset, 0UL), landings.Select(landing => (landing.Offset, landing.Value)));
    }

    [Fact]
    public void It_frees_the_page_tables_before_it_turns_translation_off()
    {
        using var rig = new Sun50iRig();
        var (a, b) = (rig.Attached(), (Sun50iDomain)rig.Driver.AllocateDomain(DomainType.Unmanaged));
        rig.Dma();
        rig.Detach(a);

        using var steps = rig.Driver.Attach(b, Sun50iRig.Device()).GetEnumerator();
        Assert.True(steps.MoveNext());
        Assert.Null(a.Tables!.Lookup(Sun50iRig.MappedIova));
        // Before the first write is performed somebody else takes the memory. The page-walk cache still has its address.
        var other = rig.Domain(Sun50iRig.PageB);
        rig.Map(other, Sun50iRig.MappedIova + 0x1000, Sun50iRig.PageB);
        Assert.Equal(Sun50iRig.PageB, rig.Dma(Sun50iRig.MappedIova + 0x1000));
        rig.Bus.Perform(steps.Current);
        Assert.Equal(Sun50iRig.MappedIova + 0x1000, rig.Dma(Sun50iRig.MappedIova + 0x1000));
    }

    [Theory]
    [MemberData(nameof(Kernels))]
    public void A_switch_without_a_detach_has_no_identity_gap_but_stale_translations_until_the_flush(KernelVersion kernel)
    {
        using var rig = new Sun50iRig(kernel);
        var a = rig.Attached();
        rig.Dma();
        var b = rig.Domain(Sun50iRig.PageB);

        var landings = new List<(ulong Offset, ulong? Landed)>();
        rig.Run(rig.Driver.Attach(b, Sun50iRig.Device()), step => landings.Add((step.Address, rig.Dma())));

        Assert.DoesNotContain(landings, landing => landing.Landed is null or Sun50iRig.MappedIova);
        var flush = landings.FindIndex(landing => landing.Offset == Sun50iRegisters.TlbFlush);
        Assert.All(landings.Take(flush), landing => Assert.Equal(Sun50iRig.PageA, landing.Landed));
        Assert.All(landings.Skip(flush), landing => Assert.Equal(Sun50iRig.PageB, landing.Landed));
        Assert.Equal(Sun50iRig.PageA, a.Tables!.Lookup(Sun50iRig.MappedIova));
    }

    [Theory]
    [MemberData(nameof(Kernels))]
    public void An_empty_domain_refuses_every_DMA_of_every_master(KernelVersion kernel)
    {
        using var rig = new Sun50iRig(kernel);
        rig.Attached();
        rig.Dma();
        rig.Run(rig.Driver.Attach(rig.Driver.AllocateDomain(DomainType.Unmanaged), Sun50iRig.Device()));
        for (var master = 0; master < 6; master++)
        {
            Assert.Null(rig.Dma(master: master));
            Assert.Equal(16, rig.TakeFault().Code);
            rig.Run(rig.Driver.HandleInterrupt());
        }
    }

    [Fact]
    public void All_masters_live_in_the_domain_that_was_installed_last()
    {
        using var rig = new Sun50iRig();
        var a = rig.Attached();
        Assert.Empty(rig.Driver.Attach(a, Sun50iRig.Device(1)));
        Assert.Equal(Sun50iRig.PageA, rig.Dma(master: 5));
        rig.Run(rig.Driver.Attach(rig.Domain(Sun50iRig.PageB), Sun50iRig.Device()));
        Assert.Equal(Sun50iRig.PageB, rig.Dma(master: 1));
        // A detach from A is one from a domain that is not installed.
        Assert.Empty(rig.Driver.Detach(a, Sun50iRig.Device(1)));
    }

    [Theory]
    [MemberData(nameof(Kernels))]
    public void One_detach_too_many_does_what_the_detach_was_meant_to_do(KernelVersion kernel)
    {
        using var rig = new Sun50iRig(kernel);
        var domain = rig.Attached();
        rig.Dma();
        rig.Detach(domain);
        Assert.Equal(
            [(Sun50iRegisters.Enable, 0UL), (Sun50iRegisters.TableBase, 0), (Sun50iRegisters.BusGateReset, 0x10000), (Sun50iRegisters.BusGateReset, 0)],
            rig.Writes(rig.Driver.Detach(domain, Sun50iRig.Device())));
        Assert.Equal(Sun50iRig.MappedIova, rig.Dma());
        Assert.Null(domain.Tables!.Lookup(Sun50iRig.MappedIova));
    }

    [Fact]
    public void A_count_that_was_used_at_zero_never_reaches_zero_again()
    {
        using var rig = new Sun50iRig();
        var domain = rig.Attached();
        rig.Detach(domain);
        rig.Detach(domain);
        rig.Run(rig.Driver.Attach(domain, Sun50iRig.Device()));
        rig.Map(domain, Sun50iRig.MappedIova, Sun50iRig.PageB);
        for (var i = 0; i < 4; i++)
            Assert.Empty(rig.Driver.Detach(domain, Sun50iRig.Device()));
        Assert.Equal(Sun50iRig.PageB, rig.Dma());
    }

    [Fact]
    public void After_a_real_detach_6_12_follows_a_null_pointer()
    {
        using var rig = new Sun50iRig(KernelVersion.Linux612);
        var domain = rig.Attached();
        rig.Detach(domain);
        rig.Detach(domain);
        Assert.Throws<KernelBugException>(() => rig.Run(rig.Driver.Attach(rig.Domain(Sun50iRig.PageB), Sun50iRig.Device())));
    }

    [Theory]
    [MemberData(nameof(Kernels))]
    public void An_attach_after_the_installed_domain_was_freed_stops_the_kernel(KernelVersion kernel)
    {
        using var rig = new Sun50iRig(kernel);
        var domain = rig.Attached();
        rig.Detach(domain);
        rig.Run(rig.Driver.FreeDomain(domain));
        Assert.Throws<KernelBugException>(() => rig.Run(rig.Driver.Attach(rig.Domain(Sun50iRig.PageB), Sun50iRig.Device())));
    }

    [Fact]
    public void A_first_attach_whose_flush_never_ends_succeeds_and_leaves_the_device_untranslated()
    {
        using var rig = new Sun50iRig();
        var domain = rig.Domain(Sun50iRig.PageA);
        Assert.Equal(0, rig.RunStuck(rig.Driver.Attach(domain, Sun50iRig.Device()), Sun50iRegisters.TlbFlush));
        Assert.Equal(0u, rig.Read(Sun50iRegisters.BusGateReset));
        Assert.Equal(Sun50iRig.MappedIova, rig.Dma());
        // The driver believes in the domain: nothing mends it.
        Assert.Empty(rig.Driver.Attach(domain, Sun50iRig.Device()));
    }

    [Fact]
    public void A_switch_whose_flush_never_ends_asserts_the_reset_under_the_running_domain()
    {
        using var rig = new Sun50iRig();
        rig.Attached();
        Assert.Equal(0, rig.RunStuck(rig.Driver.Attach(rig.Domain(Sun50iRig.PageB), Sun50iRig.Device()), Sun50iRegisters.TlbFlush));
        // The clock was counted twice and stays on.
        Assert.Equal(Sun50iRegisters.ClockOn, rig.Read(Sun50iRegisters.BusGateReset));
        Assert.Equal(Sun50iRig.MappedIova, rig.Dma());
    }

    [Fact]
    public void A_request_that_waits_for_a_fault_passes_untranslated_when_translation_is_turned_off()
    {
        using var rig = new Sun50iRig();
        var domain = rig.Attached();
        rig.Dma(OtherTable);
        rig.Send(access: DmaAccess.Write, tag: 3);
        rig.Detach(domain);
        rig.Detach(domain);
        Assert.Equal([(3, Sun50iRig.MappedIova)], rig.TakeResumed());
    }
}
