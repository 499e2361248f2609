using Emulator.Hardware.Dma;
using Emulator.Hardware.Drivers;
using Emulator.Hardware.Iommus.ArmSmmu;
using Emulator.Hardware.Iommus.ArmSmmu.Driver;
using Emulator.Hardware.PageTables;
using R = Emulator.Hardware.Iommus.ArmSmmu.ArmSmmuRegisters;

namespace Emulator.Hardware.Tests.Iommus.ArmSmmu;

/// <summary>Bring-up, stream entries, domains, invalidations and errors of the driver.</summary>
public sealed class DriverTests
{
    [Theory]
    [InlineData(true, 0x1C36u, 0x2_0000u)]
    [InlineData(false, 0x1836u, 0x1_0000u)]
    public void Bring_up_enables_the_SMMU_with_every_stream_refused_or_bypassed(bool disableBypass, uint control, uint entry)
    {
        using var bench = new DriverBench(options: new ArmSmmuDriverOptions { DisableBypass = disableBypass });
        Assert.Equal(control, bench.Read(R.Control));
        Assert.Equal(entry, bench.Read(R.StreamToContext + (4 * 127)));
        Assert.Equal(disableBypass ? null : 0x1000ul, bench.Lands(0x1000));
        Assert.Equal(0, bench.Silicon.Registers.UndeclaredAccesses);
    }

    [Theory]
    [InlineData(KernelVersion.Linux61, 2)]
    [InlineData(KernelVersion.Linux612, 3)]
    public void The_reset_of_an_MMU_500_sets_up_TLB_and_prefetcher(KernelVersion kernel, int accessesPerBank)
    {
        using var bench = new DriverBench(kernel, new ArmSmmuOptions { Id1 = DriverBench.Id1, AuxiliaryReset = 1u << 26 }, new ArmSmmuDriverOptions { Model = ArmSmmuModel.Mmu500 });
        Assert.Equal(0x500u, bench.Read(R.AuxiliaryControl));
        var auxiliary = 0;
        bench.Bus.Run(bench.Driver.Resume(), step => auxiliary += (step.Address & 0xfff) == 4 && step.Address >= 0x8000 ? 1 : 0);
        Assert.Equal(8 * accessesPerBank, auxiliary);
    }

    [Theory]
    [InlineData(0x0800_0808u, 0x2003_0008u, 0)]
    [InlineData(0x6800_0800u, 0x2003_0008u, 0)]
    [InlineData(0x6800_0808u, 0x2009_0008u, 0)]
    [InlineData(0x6800_0808u, 0x2003_0008u, 7)]
    public void No_stage_no_SMR_impossible_banks_or_too_few_interrupts_are_no_device(uint id0, uint id1, int interrupts)
    {
        using var bench = new DriverBench(options: new ArmSmmuDriverOptions { ContextInterrupts = interrupts }, probe: false);
        var result = 0L;
        foreach (var step in bench.Driver.Probe())
        {
            step.Value = step.Address switch { R.Id0 => id0, R.Id1 => id1, _ => step.Value };
            result = step.Kind == DriverStepKind.Return ? step.Result : result;
        }

        Assert.Equal(-(long)Errno.ENODEV, result);
    }

    [Fact]
    public void Stream_entries_are_shared_refused_or_used_up_as_they_overlap()
    {
        using var bench = new DriverBench(hardware: new ArmSmmuOptions { Id0 = 0x6800_1E02, Id1 = DriverBench.Id1 });
        bench.Probed(bench.Device);
        Assert.Equal(-(long)Errno.EEXIST, bench.Run(bench.Driver.ProbeDevice(bench.Device)));
        Assert.Equal(-(long)Errno.EINVAL, bench.Run(bench.Driver.ProbeDevice(new DmaDevice("wide", new StreamId(0x8000)))));
        var alias = bench.Probed(new DmaDevice("alias", new StreamId(0x42)));
        Assert.Equal(bench.Driver.GroupOf(bench.Device), bench.Driver.GroupOf(alias));
        bench.Probed(bench.Other);
        Assert.NotEqual(bench.Driver.GroupOf(bench.Device), bench.Driver.GroupOf(bench.Other));
        Assert.Equal(-(long)Errno.ENOSPC, bench.Run(bench.Driver.ProbeDevice(new DmaDevice("third", new StreamId(1)))));
        Assert.Empty(bench.Writes(bench.Driver.ReleaseDevice(alias)));
        Assert.Equal([(0xC00, 0x2_0000), (0x800, 0x42)], bench.Writes(bench.Driver.ReleaseDevice(bench.Device)));
    }

    [Fact]
    public void Masked_entries_that_overlap_in_part_are_refused_and_nothing_of_the_device_stays()
    {
        using var bench = new DriverBench(options: new ArmSmmuDriverOptions { StreamMatchMask = 0x7 });
        bench.Probed(new DmaDevice("a", new StreamId(0x40)));
        Assert.Equal([(0xC04, 0x2_0000), (0x804, 0x8007_0048)], bench.Writes(bench.Driver.ProbeDevice(new DmaDevice("b", new StreamId(0x48)))));
        Assert.Equal(-(long)Errno.EINVAL, bench.Run(bench.Driver.ProbeDevice(new DmaDevice("c", [new StreamBinding(0, new StreamId(0x100)), new StreamBinding(0, new StreamId(0x8000))]))));
        Assert.Equal([(0xC08, 0x2_0000), (0x808, 0x8007_0200)], bench.Writes(bench.Driver.ProbeDevice(new DmaDevice("d", new StreamId(0x200)))));
    }

    [Fact]
    public void An_entry_with_other_mask_bits_is_shared_when_it_covers_the_stream_and_refused_when_it_only_meets_it()
    {
        using var bench = new DriverBench(options: new ArmSmmuDriverOptions { ReservedStreams = [new StreamId(0x41)], StreamMatchMask = 0x7 });
        Assert.Equal(-(long)Errno.EINVAL, bench.Run(bench.Driver.ProbeDevice(new DmaDevice("meets", new StreamId(0x40)))));
        bench.Probed(new DmaDevice("first", new StreamId(0x80)));
        Assert.Equal([(0xC04, 0x2_0000), (0x804, 0x8007_0080)], bench.Writes(bench.Driver.ProbeDevice(new DmaDevice("covered", new StreamId(0x81)))));
    }

    [Fact]
    public void Without_matching_no_mask_can_be_asked_for()
    {
        using var bench = new DriverBench(
            hardware: new ArmSmmuOptions { Id0 = 0x6000_0808, Id1 = DriverBench.Id1 }, options: new ArmSmmuDriverOptions { StreamMatchMask = 1 });
        Assert.Equal(-(long)Errno.EINVAL, bench.Run(bench.Driver.ProbeDevice(new DmaDevice("dev", new StreamId(1)))));
    }

    [Fact]
    public void Of_two_reserved_boot_streams_the_kernel_keeps_the_first()
    {
        using var bench = new DriverBench(options: new ArmSmmuDriverOptions { ReservedStreams = [new StreamId(5), new StreamId(6)] });
        Assert.Equal(0x1000ul, bench.Lands(0x1000, device: new DmaDevice("boot", new StreamId(5))));
        Assert.Null(bench.Lands(0x1000, device: new DmaDevice("boot", new StreamId(6))));
        Assert.Equal(0x8000_0005u, bench.Read(R.StreamMatch));
    }

    [Fact]
    public void Stage_1_domains_get_the_banks_above_those_for_stage_2_and_their_number_ends()
    {
        using var bench = new DriverBench();
        var domains = Enumerable.Range(0, 5).Select(_ => bench.Attached()).ToList();
        Assert.Equal([3, 4, 5, 6, 7], domains.Select(domain => ((ArmSmmuDomain)domain).Bank));
        Assert.Equal(-(long)Errno.ENOSPC, bench.Run(bench.Driver.Attach(bench.Driver.AllocateDomain(DomainType.Unmanaged), bench.Device)));
        Assert.Equal(Errno.ENOSPC, Assert.Throws<DriverException>(() => bench.Driver.Finalise(bench.Driver.AllocateDomain(DomainType.Dma), bench.Device)).Errno);
        bench.Run(bench.Driver.FreeDomain(domains[1]));
        Assert.Equal(4, ((ArmSmmuDomain)bench.Attached()).Bank);
    }

    [Fact]
    public void A_nested_domain_is_stage_2_with_the_VMID_of_its_bank_rather_than_one_more()
    {
        using var bench = new DriverBench();
        var domain = bench.Driver.AllocateDomain(DomainType.Unmanaged);
        Assert.Equal(Errno.None, bench.Driver.EnableNesting(domain));
        Assert.Equal(0, bench.Run(bench.Driver.Attach(domain, bench.Probed(bench.Device))));
        Assert.Equal((0, 0), (((ArmSmmuDomain)domain).Bank, ((ArmSmmuDomain)domain).Identifier));
        Assert.Equal(0u, bench.Read(0x1000));
        Assert.Equal(Errno.EPERM, bench.Driver.EnableNesting(domain));
        Assert.Equal(Errno.EINVAL, bench.Driver.EnableNesting(bench.Driver.AllocateDomain(DomainType.Dma)));
        bench.Map(domain, 0x1000_0000, 0x2000_0000);
        Assert.Equal(0x2000_0000ul, bench.Lands(0x1000_0000));
        Assert.Equal([(R.TlbiVmid, 0), (R.GlobalSync, 0xffff_ffff)], bench.Writes(bench.Driver.FlushAll(domain)));
    }

    [Theory]
    [InlineData(2, 3)]
    [InlineData(1, 2)]
    public void Force_stage_leaves_one_stage(int stage, int firstBank)
    {
        using var bench = new DriverBench(options: new ArmSmmuDriverOptions { ForceStage = stage });
        var domain = (ArmSmmuDomain)bench.Attached();
        Assert.Equal((stage == 2 ? ArmSmmuStage.Stage2 : ArmSmmuStage.Stage1, stage == 2 ? 0 : firstBank + 1), (domain.Stage, domain.Bank));
    }

    [Fact]
    public void An_attach_to_where_the_streams_are_writes_nothing_and_a_resume_writes_everything()
    {
        using var bench = new DriverBench();
        var domain = bench.Attached();
        bench.Map(domain, 0x1000_0000, 0x2000_0000);
        Assert.Empty(bench.Writes(bench.Driver.Attach(domain, bench.Device)));
        foreach (var register in bench.Silicon.Registers.Registers.Where(r => r.Access == Emulator.Hardware.Registers.RegisterAccess.ReadWrite))
            bench.Silicon.Registers.Write(register.Offset, register.Width, register.Reset);
        Assert.Equal(0x1000_0000ul, bench.Lands(0x1000_0000));
        bench.Run(bench.Driver.Resume());
        Assert.Equal(0x2000_0000ul, bench.Lands(0x1000_0000));
    }

    [Fact]
    public void A_shutdown_lets_everything_pass()
    {
        using var bench = new DriverBench();
        bench.Attached();
        Assert.Equal([(R.Control, 1)], bench.Writes(bench.Driver.Shutdown()));
        Assert.Equal(0x1000ul, bench.Lands(0x1000));
    }

    [Fact]
    public void With_extended_IDs_an_entry_is_valid_by_its_S2CR()
    {
        using var bench = new DriverBench(hardware: new ArmSmmuOptions { Id0 = new ArmSmmuOptions().Id0 | 1u << 8, Id1 = DriverBench.Id1 });
        Assert.Equal(0x1C3Eu, bench.Read(R.Control));
        var device = new DmaDevice("dev", new StreamId(0x9234));
        Assert.Equal([(0xC00, 0x2_0400), (0x800, 0x9234)], bench.Writes(bench.Driver.ProbeDevice(device)));
        var domain = bench.Attached(device);
        bench.Map(domain, 0x1000_0000, 0x2000_0000);
        Assert.Equal(0x2000_0000ul, bench.Lands(0x1000_0000, device: device));
        Assert.Equal([(0xC00, 0x2_0000), (0x800, 0x9234)], bench.Writes(bench.Driver.ReleaseDevice(device)));
        Assert.Null(bench.Lands(0x1000_0000, device: device));
    }

    [Fact]
    public void A_32_bit_kernel_takes_AArch32_tables_of_32_bits()
    {
        using var bench = new DriverBench(options: new ArmSmmuDriverOptions { Is64BitKernel = false });
        var domain = bench.Attached();
        Assert.Equal(DomainGeometry.OfBits(32), domain.Geometry);
        Assert.Equal((0u, 0x8080_3520u), ((uint)bench.Read(0x180C), (uint)bench.Read(0xB030)));
        bench.Map(domain, 0xFFFF_F000, 0xFF_2000_0000);
        Assert.Equal(0xFF_2000_0000ul, bench.Lands(0xFFFF_F000));
        Assert.Equal([(0xB620, 0xFFFF_F003), (0xB7F0, 0xFFFF_FFFF)], bench.Writes(((IIommuDriver)bench.Driver).Unmap(domain, 0xFFFF_F000, 0x1000)));
        Assert.Null(bench.Lands(0xFFFF_F000));
    }

    [Fact]
    public void The_SMMUs_own_lookup_loses_address_bits_from_40_up()
    {
        using var bench = new DriverBench();
        var domain = bench.Attached();
        bench.Map(domain, 0x1000_0000, 0x123_4567_8000);
        Assert.Equal(0x23_4567_8123, bench.Run(bench.Driver.LookUp(domain, new Iova(0x1000_0123))));
        Assert.Equal(0, bench.Run(bench.Driver.LookUp(domain, new Iova(0x2000_0000))));
        using var without = new DriverBench(hardware: new ArmSmmuOptions { Id0 = new ArmSmmuOptions().Id0 | 1u << 26, Id1 = DriverBench.Id1 });
        domain = without.Attached();
        without.Map(domain, 0x1000_0000, 0x123_4567_8000);
        Assert.Equal(0x123_4567_8123, without.Run(without.Driver.LookUp(domain, new Iova(0x1000_0123))));
    }

    [Fact]
    public void A_lookup_that_the_SMMU_does_not_answer_falls_back_to_the_tables()
    {
        using var bench = new DriverBench();
        var domain = bench.Attached();
        bench.Map(domain, 0x1000_0000, 0x123_4567_8000);
        var result = 0L;
        foreach (var step in bench.Driver.LookUp(domain, new Iova(0x1000_0000)))
        {
            if (step.Kind == DriverStepKind.ReadRegister)
                step.Value = 1;
            result = step.Kind == DriverStepKind.Return ? step.Result : result;
        }

        Assert.Equal(0x123_4567_8000, result);
    }

    [Fact]
    public void Maps_beyond_the_sizes_without_permission_or_over_another_are_refused()
    {
        using var bench = new DriverBench();
        var domain = bench.Attached();
        Assert.Equal(DomainGeometry.OfBits(48), domain.Geometry);
        IIommuDriver driver = bench.Driver;
        Assert.Equal(-(long)Errno.ERANGE, bench.Run(driver.Map(domain, 1UL << 48, 0, 0x1000, Protection.Read)));
        Assert.Equal(-(long)Errno.ERANGE, bench.Run(driver.Map(domain, 0, 1UL << 48, 0x1000, Protection.Read)));
        Assert.Equal(-(long)Errno.EINVAL, bench.Run(driver.Map(domain, 0, 0, 0x1000, Protection.Cache)));
        bench.Map(domain, 0, 0x1000);
        Assert.Equal(-(long)Errno.EEXIST, bench.Run(driver.Map(domain, 0, 0x2000, 0x1000, Protection.Read)));
    }

    [Fact]
    public void Attach_refuses_a_device_without_streams_and_a_domain_of_another_SMMU()
    {
        using var bench = new DriverBench();
        using var elsewhere = new DriverBench();
        var domain = bench.Driver.AllocateDomain(DomainType.Unmanaged);
        Assert.Equal(-(long)Errno.ENODEV, bench.Run(bench.Driver.Attach(domain, bench.Device)));
        Assert.Equal(-(long)Errno.ENODEV, bench.Run(bench.Driver.Attach(bench.Driver.AllocateDomain(DomainType.Identity), bench.Device)));
        Assert.Equal(-(long)Errno.EINVAL, bench.Run(bench.Driver.Attach(elsewhere.Attached(), bench.Probed(bench.Device))));
    }

    [Fact]
    public void Domain_types_are_those_of_each_kernel()
    {
        using var earlier = new DriverBench(options: new ArmSmmuDriverOptions { LegacyBinding = true });
        Assert.Throws<DriverException>(() => earlier.Driver.AllocateDomain(DomainType.Blocked));
        Assert.Throws<DriverException>(() => earlier.Driver.AllocateDomain(DomainType.Dma));
        Assert.Equal(Errno.EOPNOTSUPP, Assert.Throws<DriverException>(() => earlier.Driver.Block(earlier.Device)).Errno);
        using var later = new DriverBench(KernelVersion.Linux612, options: new ArmSmmuDriverOptions { LegacyBinding = true });
        Assert.Equal(DomainType.Blocked, later.Driver.AllocateDomain(DomainType.Blocked).Type);
        Assert.Equal(DomainType.Dma, later.Driver.AllocateDomain(DomainType.Dma).Type);
        Assert.Throws<ArgumentException>(() => new DriverBench(KernelVersion.Linux612, options: new ArmSmmuDriverOptions { HasDefaultDomains = false }));
    }

    [Fact]
    public void The_handler_of_6_12_reads_the_address_first_and_all_of_a_bank_without_fault()
    {
        using var bench = new DriverBench(KernelVersion.Linux612);
        bench.Attached();
        var reads = new List<ulong>();
        Assert.Equal(0, bench.Bus.Run(bench.Driver.HandleInterrupt(), step => reads.Add(step.Address)));
        Assert.Equal([0x48, 0x50, 0x54, 0x58, 0xB060, 0xB058, 0xB068, 0x140C], reads);
    }

    [Fact]
    public void A_global_fault_is_read_and_cleared()
    {
        using var bench = new DriverBench();
        Assert.Null(bench.Lands(0x1000));
        Assert.Equal(1, bench.Run(bench.Driver.HandleInterrupt()));
        Assert.Equal(0u, bench.GlobalFault());
    }
}
