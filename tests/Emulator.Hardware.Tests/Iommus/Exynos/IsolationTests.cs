using Emulator.Hardware.Dma;
using Emulator.Hardware.Drivers;
using Emulator.Hardware.Iommus.Exynos;
using Emulator.Hardware.Memory;
using Emulator.Hardware.PageTables;
using Emulator.Hardware.Translation;

namespace Emulator.Hardware.Tests.Iommus.Exynos;

/// <summary>Where DMA lands when a device leaves a domain.</summary>
public sealed class IsolationTests
{
    private static readonly KernelVersion[] Kernels = [KernelVersion.Linux61, KernelVersion.Linux612];

    [Theory]
    [MemberData(nameof(ExynosRig.Cases), MemberType = typeof(ExynosRig))]
    public void Before_the_first_attach_DMA_passes_untranslated(string variant, KernelVersion kernel)
    {
        using var rig = ExynosRig.Of(variant, kernel);
        Assert.Equal(ExynosRig.MappedIova, rig.Dma());
    }

    [Theory]
    [MemberData(nameof(ExynosRig.Cases), MemberType = typeof(ExynosRig))]
    public void After_the_detach_DMA_passes_untranslated_and_nothing_is_recorded(string variant, KernelVersion kernel)
    {
        using var rig = ExynosRig.Of(variant, kernel);
        var domain = rig.Attached();
        Assert.Equal(ExynosRig.PageA, rig.Dma());

        Assert.Equal([(0UL, 0UL), (4UL, 0UL)], rig.Writes(rig.Driver.Detach(domain, ExynosRig.Device())));

        foreach (var access in (DmaAccess[])[DmaAccess.Read, DmaAccess.Write])
        {
            Assert.Equal(ExynosRig.MappedIova, rig.Dma(access: access));
            Assert.Equal(0x7777_0000UL, rig.Dma(0x7777_0000, access));
        }

        Assert.Equal(0, rig.Units[0].Faults.Total);
        Assert.False(rig.Units[0].InterruptAsserted);
        // Neither the table base nor the TLB forgets, and the virtual machine stays enabled.
        Assert.Equal(domain.Tables!.Root, (ulong)rig.Read(rig.Hardware.Layout.TableBase) << (rig.Hardware.IsShifted ? 12 : 0));
        Assert.Equal(1, rig.Units[0].Iotlb!.Count);
        if (rig.Hardware.HasVirtualMachines)
            Assert.Equal(ExynosRegisters.VmEnable | ExynosRegisters.VmStall, rig.Read(ExynosRegisters.ControlVm));
    }

    [Fact]
    public void If_the_enabled_virtual_machine_translated_on_the_detach_would_leave_the_old_domain_in_place()
    {
        using var rig = ExynosRig.Of("v7vm", options: new ExynosOptions { VmTranslatesWhileDisabled = true });
        var domain = rig.Attached();
        rig.Run(rig.Driver.Detach(domain, ExynosRig.Device()));
        Assert.Equal(ExynosRig.PageA, rig.Dma());
    }

    [Theory]
    [MemberData(nameof(ExynosRig.Cases), MemberType = typeof(ExynosRig))]
    public void A_switch_of_domains_passes_through_identity_before_it_blocks(string variant, KernelVersion kernel)
    {
        using var rig = ExynosRig.Of(variant, kernel);
        rig.Attached();
        rig.Dma();
        var next = rig.Domain(ExynosRig.PageB);

        var landings = new List<(ulong Offset, ulong Value, ulong? Landed)>();
        rig.Run(rig.Driver.Attach(next, ExynosRig.Device()), step => landings.Add((step.Address, step.Value, rig.Dma())));

        Assert.Equal((0UL, 0UL, ExynosRig.MappedIova), landings[0]);
        Assert.Equal((4UL, 0UL, ExynosRig.MappedIova), landings[1]);
        Assert.Equal((0UL, 7UL, null), landings[2]);
        Assert.All(landings.Skip(2).SkipLast(1), landing => Assert.Null(landing.Landed));
        Assert.Equal((0UL, 5UL, ExynosRig.PageB), landings[^1]);
        // Those that came while it was blocked waited for B.
        Assert.All(rig.TakeResumed(), resumed => Assert.Equal(ExynosRig.PageB, resumed.Landed));
    }

    [Fact]
    public void A_request_that_waits_for_a_fault_passes_untranslated_when_the_detach_comes_first()
    {
        using var rig = ExynosRig.Of("v5");
        var domain = rig.Attached();
        rig.Dma(ExynosRig.MappedIova + 0x9000);
        rig.Send(access: DmaAccess.Write, tag: 3);
        rig.Run(rig.Driver.Detach(domain, ExynosRig.Device()));
        Assert.Equal([(3, ExynosRig.MappedIova)], rig.TakeResumed());
    }

    [Theory]
    [MemberData(nameof(ExynosRig.Cases), MemberType = typeof(ExynosRig))]
    public void A_fault_that_is_handled_after_the_detach_stops_6_1_and_makes_6_12_translate_again(string variant, KernelVersion kernel)
    {
        using var rig = ExynosRig.Of(variant, kernel);
        var domain = rig.Attached(protection: Protection.Read);
        rig.Dma();
        rig.Dma(ExynosRig.MappedIova + 0x9000);
        rig.Run(rig.Driver.Detach(domain, ExynosRig.Device()));
        Assert.Equal(ExynosRig.MappedIova, rig.Dma());
        Assert.True(rig.Units[0].InterruptAsserted);
        if (kernel == KernelVersion.Linux61)
        {
            Assert.Throws<KernelBugException>(() => rig.Run(rig.Driver.HandleInterrupt()));
            return;
        }

        var bits = rig.Read(rig.Hardware.Layout.InterruptStatus);
        Assert.Equal([(rig.Hardware.Layout.InterruptClear, bits), (0UL, 5UL)], rig.Writes(rig.Driver.HandleInterrupt()));
        Assert.Empty(rig.Reported);

        // By the old tables, and with CFG at 0 nobody checks the access.
        Assert.Equal(ExynosRig.PageA, rig.Dma(access: DmaAccess.Write));
        rig.Run(rig.Driver.FreeDomain(domain));
        rig.Map(rig.Domain(ExynosRig.PageB), 0x6666_6000, ExynosRig.PageB);
        Assert.Equal(ExynosRig.PageB, rig.Dma(0x6666_6000));
    }

    [Theory]
    [MemberData(nameof(ExynosRig.Cases), MemberType = typeof(ExynosRig))]
    public void An_empty_domain_refuses_every_DMA(string variant, KernelVersion kernel)
    {
        using var rig = ExynosRig.Of(variant, kernel);
        rig.Attached();
        rig.Dma();
        rig.Run(rig.Driver.Attach(rig.Driver.AllocateDomain(DomainType.Unmanaged), ExynosRig.Device()));
        foreach (var access in (DmaAccess[])[DmaAccess.Read, DmaAccess.Write])
        {
            Assert.Null(rig.Dma(access: access));
            rig.Run(rig.Driver.HandleInterrupt());
        }

        Assert.Equal(2, rig.Reported.Count);
    }

    [Theory]
    [InlineData("v1")]
    [InlineData("v5")]
    public void A_sleeping_SysMMU_is_programmed_when_it_wakes_and_passes_DMA_until_then(string variant)
    {
        using var rig = ExynosRig.Of(variant, awake: false);
        var domain = rig.Domain(ExynosRig.PageA);
        Assert.Empty(rig.Writes(rig.Driver.Attach(domain, ExynosRig.Device())));
        Assert.Equal(ExynosRig.MappedIova, rig.Dma());

        Assert.NotEmpty(rig.Writes(rig.Driver.ResumeDevice(ExynosRig.Device())));
        Assert.Empty(rig.Writes(rig.Driver.ResumeDevice(ExynosRig.Device())));
        Assert.Equal(ExynosRig.PageA, rig.Dma());

        Assert.Equal([(0UL, 0UL), (4UL, 0UL)], rig.Writes(rig.Driver.SuspendDevice(ExynosRig.Device())));
        Assert.Equal(ExynosRig.MappedIova, rig.Dma());
        Assert.Empty(rig.Writes(rig.Driver.Detach(domain, ExynosRig.Device())));
        Assert.Empty(rig.Writes(rig.Driver.ResumeDevice(ExynosRig.Device())));
        Assert.Equal(ExynosRig.MappedIova, rig.Dma());
    }

    [Fact]
    public void An_unmap_while_the_SysMMU_sleeps_needs_no_flush_because_waking_flushes()
    {
        using var rig = ExynosRig.Of("v3.3");
        var domain = rig.Attached();
        rig.Dma();
        rig.Run(rig.Driver.SuspendDevice(ExynosRig.Device()));
        Assert.Empty(rig.Writes(rig.Driver.Unmap(domain, ExynosRig.MappedIova, 0x1000)));
        rig.Run(rig.Driver.ResumeDevice(ExynosRig.Device()));
        Assert.Null(rig.Dma());
    }

    [Fact]
    public void The_detach_of_one_master_leaves_the_other_one_of_its_domain_translating_and_forgotten()
    {
        foreach (var kernel in Kernels)
        {
            using var rig = ExynosRig.Of("v5", kernel, units: 2);
            var domain = rig.Attached();
            rig.Run(rig.Driver.Attach(domain, ExynosRig.Device(1)));
            Assert.Equal(ExynosRig.PageA, rig.Dma(unit: 1));

            Assert.All(StepsOf(rig, rig.Driver.Detach(domain, ExynosRig.Device())), step => Assert.Equal(0, step.Unit));
            Assert.Equal(ExynosRig.PageA, rig.Dma(unit: 1));

            // Its TLB is not flushed any more.
            Assert.Empty(StepsOf(rig, rig.Driver.Unmap(domain, ExynosRig.MappedIova, 0x1000)));
            Assert.Equal(ExynosRig.PageA, rig.Dma(unit: 1));

            // It is not switched off when its device sleeps.
            Assert.Empty(StepsOf(rig, rig.Driver.SuspendDevice(ExynosRig.Device(1))));
            Assert.Empty(StepsOf(rig, rig.Driver.ResumeDevice(ExynosRig.Device(1))));
            Assert.Equal(ExynosRig.PageA, rig.Dma(unit: 1));

            // Its next fault finds no domain: 6.1 stops although the domain has a handler, 6.12 tells nobody and goes on.
            rig.Dma(0x9999_0000, unit: 1);
            if (kernel == KernelVersion.Linux61)
                Assert.Throws<KernelBugException>(() => rig.Run(rig.Driver.HandleInterrupt()));
            else
                Assert.Equal(1, rig.Run(rig.Driver.HandleInterrupt()));
            Assert.Empty(rig.Reported);
            Assert.Equal(kernel == KernelVersion.Linux612 ? ExynosRig.PageA : null, rig.Dma(unit: 1));
        }
    }

    [Fact]
    public void A_forgotten_master_walks_the_tables_of_its_domain_after_they_were_freed()
    {
        foreach (var kernel in Kernels)
        {
            using var rig = ExynosRig.Of("v1", kernel, units: 2);
            var domain = rig.Attached();
            rig.Run(rig.Driver.Attach(domain, ExynosRig.Device(1)));
            rig.Run(rig.Driver.Detach(domain, ExynosRig.Device()));

            Assert.Empty(StepsOf(rig, rig.Driver.FreeDomain(domain)));
            Assert.Equal(ExynosRig.PageA, rig.Dma(unit: 1));

            // The memory goes to the next domain; nobody attached the master to it.
            var other = rig.Domain(ExynosRig.PageB);
            rig.Map(other, 0x6666_6000, ExynosRig.PageB);
            Assert.Equal(ExynosRig.PageB, rig.Dma(0x6666_6000, unit: 1));
        }
    }

    [Fact]
    public void The_forgotten_master_can_still_be_detached()
    {
        using var rig = ExynosRig.Of("v7", units: 2);
        var domain = rig.Attached();
        rig.Run(rig.Driver.Attach(domain, ExynosRig.Device(1)));
        rig.Run(rig.Driver.Detach(domain, ExynosRig.Device()));
        Assert.All(StepsOf(rig, rig.Driver.Detach(domain, ExynosRig.Device(1))), step => Assert.Equal(1, step.Unit));
        Assert.Equal(ExynosRig.MappedIova, rig.Dma(unit: 1));
    }

    [Fact]
    public void Freeing_a_domain_switches_its_clients_off_first()
    {
        using var rig = ExynosRig.Of("v5");
        var domain = rig.Attached();
        Assert.Equal([(0UL, 0UL), (4UL, 0UL)], rig.Writes(rig.Driver.FreeDomain(domain)));
        Assert.Equal(ExynosRig.MappedIova, rig.Dma());
    }

    [Fact]
    public void All_SysMMUs_of_a_master_get_the_same_table_and_leave_together()
    {
        using var memory = new PhysicalMemory(new MemoryRange(0, 4UL << 30));
        ExynosIommu[] units = [new("left", memory, ExynosHardware.V33, new ExynosOptions()), new("right", memory, ExynosHardware.V33, new ExynosOptions())];
        var bus = new Bus(memory, [.. units]);
        var driver = new ExynosDriver(KernelVersion.Linux61, memory, new FrameAllocator(memory, 0xc000_0000, 0x1000_0000, OwnerTag.Host), 2);
        var device = new DmaDevice("codec", [new StreamBinding(0, new StreamId(0)), new StreamBinding(1, new StreamId(0))]);
        bus.Run(driver.Probe());
        bus.Run(driver.ProbeDevice(device));
        bus.Run(driver.ResumeDevice(device));
        var domain = (ExynosDomain)driver.AllocateDomain(DomainType.Dma);
        bus.Run(driver.Map(domain, ExynosRig.MappedIova, ExynosRig.PageA, 0x1000, Protection.Read));
        bus.Run(driver.Attach(domain, device));
        Assert.All(units, unit => Assert.Equal(domain.Tables!.Root, unit.Registers.Read(unit.Hardware.Layout.TableBase, 4)));

        // An unmap flushes both, one after the other.
        Assert.Equal([0, 1], StepsOf(bus, driver.Unmap(domain, ExynosRig.MappedIova, 0x1000)).Select(step => step.Unit).Distinct());
        var detach = StepsOf(bus, driver.Detach(domain, device));
        Assert.Equal([0, 0, 1, 1], detach.Select(step => step.Unit));
        Assert.All(units, unit => Assert.Equal(0UL, unit.Registers.Read(ExynosRegisters.Control, 4)));
    }

    [Theory]
    [InlineData("v3.3")]
    [InlineData("v5")]
    public void A_section_over_an_emptied_table_frees_it_under_the_hardware_that_still_has_its_link(string variant)
    {
        using var rig = ExynosRig.Of(variant, options: new ExynosOptions { Iotlb = IotlbGeometry.WithoutLimit });
        var domain = rig.Attached();
        rig.Run(rig.Driver.Unmap(domain, ExynosRig.MappedIova, 0x1000));
        // A fault fills the cache of first-level words with the link to the emptied table.
        Assert.Null(rig.Dma(ExynosRig.MappedIova + 0x8000));
        rig.Run(rig.Driver.HandleInterrupt());
        Assert.Empty(rig.Writes(rig.Driver.Map(domain, ExynosRig.MappedIova & ~0xfffffUL, 0x5000_0000, 0x100000, Protection.Read | Protection.Write)));

        // Another domain gets that table; its pages are reached through the old link.
        rig.Domain(ExynosRig.PageB);
        Assert.Equal(ExynosRig.PageB, rig.Dma());
    }

    private static List<DriverStep> StepsOf(ExynosRig rig, IEnumerable<DriverStep> sequence) => StepsOf(rig.Bus, sequence);

    private static List<DriverStep> StepsOf(Bus bus, IEnumerable<DriverStep> sequence)
    {
        var steps = new List<DriverStep>();
        bus.Run(sequence, steps.Add);
        return steps;
    }
}
