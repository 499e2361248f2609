using Emulator.Hardware.Dma;
using Emulator.Hardware.Drivers;
using Emulator.Hardware.Iommus;
using Emulator.Hardware.Iommus.Msm;
using Emulator.Hardware.PageTables;

namespace Emulator.Hardware.Tests.Iommus.Msm;

public sealed class IsolationTests
{
    [Fact]
    public void Before_the_first_attach_DMA_passes_untranslated()
    {
        using var rig = new MsmRig();

        Assert.Equal(MsmRig.MappedIova, rig.Dma());
        Assert.Equal(0x1_2345_6000UL, rig.Dma(0x1_2345_6000, mid: 9));
    }

    [Fact]
    public void The_probe_s_self_test_enables_bank_0_for_all_MIDs_with_a_table_at_address_0()
    {
        using var rig = new MsmRig();
        rig.Memory.Write32(0, (uint)MsmRig.PageB | 0x3_1c02);
        var landed = new List<ulong?>();

        rig.Run(rig.Driver.Probe(), _ => landed.Add(rig.Dma(0x4_0000, mid: 9)));

        Assert.Equal([0x4_0000UL, MsmRig.PageB + 0x4_0000, 0x4_0000UL], landed.Where((value, i) => i == 0 || value != landed[i - 1]));
    }

    [Fact]
    public void A_probe_whose_self_test_answers_0_fails()
    {
        using var rig = new MsmRig();
        var driver = new MsmDriver(KernelVersion.Linux61, MsmHardware.Apq8064, rig.Memory, rig.Frames);
        var result = 0L;
        foreach (var step in driver.Probe())
        {
            if (step.Kind == DriverStepKind.Return)
                result = step.Result;
            else
                rig.Bus.Perform(step);
            if (step.Address == MsmRegisters.PhysicalAddress)
                step.Value = 0;
        }

        Assert.Equal(-(long)Errno.ENODEV, result);
        Assert.Equal(-(long)Errno.ENODEV, rig.Run(driver.ProbeDevice(MsmRig.Device)));
    }

    [Theory]
    [MemberData(nameof(MsmRig.Kernels), MemberType = typeof(MsmRig))]
    public void After_the_detach_DMA_passes_untranslated_and_in_silence(KernelVersion kernel)
    {
        using var rig = new MsmRig(kernel);
        var domain = rig.Attached();
        Assert.Equal(MsmRig.PageA, rig.Dma());
        var freed = rig.Frames.Freed;

        Assert.Equal(0, rig.Run(rig.Driver.Detach(domain, MsmRig.Device)));

        Assert.Equal(freed + 2, rig.Frames.Freed);
        foreach (var mid in (uint[])[3, 5])
            Assert.Equal(MsmRig.MappedIova, rig.Dma(mid: mid));
        Assert.Equal(0x7777_7000UL, rig.Dma(0x7777_7000, DmaAccess.Write));
        Assert.Equal(0, rig.Silicon.Faults.Total);
        Assert.Equal(0xc0_0000UL, rig.Silicon.Registers.Read(MsmRegisters.MasterToBank + 12, 4));
        Assert.Equal(0UL, rig.Read(MsmRegisters.Control));
        Assert.Equal(0UL, rig.Read(MsmRegisters.TableBase0));
    }

    [Theory]
    [MemberData(nameof(MsmRig.Kernels), MemberType = typeof(MsmRig))]
    public void Until_SCTLR_is_written_a_detach_lets_DMA_walk_tables_that_are_somebody_else_s(KernelVersion kernel)
    {
        using var rig = new MsmRig(kernel);
        var domain = rig.Attached();
        var root = domain.Tables!.Root;
        var freed = rig.Frames.Freed;
        var landed = new List<(string Step, ulong? Dma)>();

        foreach (var step in rig.Driver.Detach(domain, MsmRig.Device))
        {
            // What was the root is somebody's table now, with a section at the same address.
            if (rig.Frames.Freed > freed && landed.Count == 1)
            {
                Assert.Equal(root, rig.Frames.Allocate(0x4000));
                rig.Memory.Write32(root + (4 * (MsmRig.MappedIova >> 20)), (uint)MsmRig.PageB | 0x3_1c02);
            }

            rig.Bus.Perform(step);
            landed.Add((rig.Bus.Describe(step), landed.Count == 0 ? null : rig.Dma()));
        }

        Assert.Contains("CTX_TLBIALL[0]", landed[0].Step, StringComparison.Ordinal);
        Assert.Contains("SCTLR[0] = 0x0", landed[12].Step, StringComparison.Ordinal);
        Assert.All(landed[1..12], entry => Assert.Equal(MsmRig.PageB + 0x1000, entry.Dma));
        Assert.All(landed[12..], entry => Assert.Equal(MsmRig.MappedIova, entry.Dma));
    }

    [Theory]
    [MemberData(nameof(MsmRig.Kernels), MemberType = typeof(MsmRig))]
    public void The_next_domain_after_a_detach_gets_bank_0_again(KernelVersion kernel)
    {
        using var rig = new MsmRig(kernel);
        rig.Run(rig.Driver.Detach(rig.Attached(), MsmRig.Device));
        rig.Attached(MsmRig.PageB);

        Assert.Equal(MsmRig.PageB, rig.Dma());
        Assert.Equal(7UL, rig.Read(MsmRegisters.Control));
    }

    [Theory]
    [MemberData(nameof(MsmRig.Kernels), MemberType = typeof(MsmRig))]
    public void The_same_domain_attached_again_has_lost_its_mappings(KernelVersion kernel)
    {
        using var rig = new MsmRig(kernel);
        var domain = rig.Attached();
        rig.Run(rig.Driver.Detach(domain, MsmRig.Device));

        Assert.Equal(0, rig.Run(rig.Driver.Attach(domain, MsmRig.Device)));

        Assert.Null(rig.Dma());
        Assert.Single(rig.Writes(rig.Driver.Map(domain, 0x5000_0000, MsmRig.PageA, 0x1000, MsmRig.ReadWrite)));
    }

    [Theory]
    [MemberData(nameof(MsmRig.Kernels), MemberType = typeof(MsmRig))]
    public void A_domain_that_follows_without_a_detach_gets_bank_1_through_identity_and_is_the_last(KernelVersion kernel)
    {
        using var rig = new MsmRig(kernel);
        rig.Attached();
        var second = rig.Empty();
        var landed = new List<ulong?>();
        Assert.Equal(0, rig.Run(rig.Driver.Attach(second, MsmRig.Device), _ => landed.Add(rig.Dma())));
        Assert.Equal([MsmRig.PageA, MsmRig.MappedIova, null], landed.Where((value, i) => i == 0 || value != landed[i - 1]));

        // The bank of the first one is left on, with its table.
        Assert.Equal(7UL, rig.Read(MsmRegisters.Control));
        Assert.Equal(-(long)Errno.EEXIST, rig.Run(rig.Driver.Attach(rig.Empty(), MsmRig.Device)));
        rig.Run(rig.Driver.Detach(second, MsmRig.Device));
        Assert.Equal(MsmRig.MappedIova, rig.Dma());
        Assert.Equal(-(long)Errno.EEXIST, rig.Run(rig.Driver.Attach(rig.Empty(), MsmRig.Device)));
        Assert.Equal(MsmRig.MappedIova, rig.Dma());
    }

    [Fact]
    public void Without_a_free_bank_the_attach_fails_and_so_does_every_later_one()
    {
        using var rig = new MsmRig(banks: 1);
        var first = rig.Attached();

        Assert.Equal(-(long)Errno.ENODEV, rig.Run(rig.Driver.Attach(rig.Empty(), MsmRig.Device)));
        Assert.Equal(-(long)Errno.EEXIST, rig.Run(rig.Driver.Attach(rig.Empty(), MsmRig.Device)));
        Assert.Equal(MsmRig.PageA, rig.Dma());

        // Its number is an error's: the flush and the reset would be far outside the window.
        Assert.Throws<KernelBugException>(() => rig.Run(rig.Driver.Detach(first, MsmRig.Device)));
    }

    [Fact]
    public void A_domain_that_is_freed_while_it_is_attached_goes_on()
    {
        using var rig = new MsmRig();
        var freed = rig.Frames.Freed;

        Assert.Empty(rig.Writes(rig.Driver.FreeDomain(rig.Attached())));

        Assert.Equal(freed, rig.Frames.Freed);
        Assert.Equal(MsmRig.PageA, rig.Dma());
    }

    [Theory]
    [MemberData(nameof(MsmRig.Kernels), MemberType = typeof(MsmRig))]
    public void One_device_s_detach_takes_the_domain_from_all(KernelVersion kernel)
    {
        using var rig = new MsmRig(kernel, units: 2);
        var other = new DmaDevice("other", [new StreamBinding(1, new StreamId(1))]);
        rig.Run(rig.Driver.ProbeDevice(other));
        var domain = rig.Attached();

        // The second attach gives the domain a second table; the first device stays on the first one.
        Assert.Equal(0, rig.Run(rig.Driver.Attach(domain, other)));
        rig.Map(domain, 0x5000_0000, MsmRig.PageB);
        Assert.Equal(MsmRig.PageB, rig.Dma(0x5000_0000, mid: 1, unit: 1));
        Assert.Equal(MsmRig.PageA, rig.Dma());

        rig.Run(rig.Driver.Detach(domain, other));

        Assert.Equal(MsmRig.MappedIova, rig.Dma());
        Assert.Equal(MsmRig.MappedIova, rig.Dma(mid: 1, unit: 1));
        Assert.Throws<KernelBugException>(() => rig.Run(rig.Driver.Detach(domain, MsmRig.Device)));
    }

    [Fact]
    public void The_second_instance_of_a_device_is_told_to_drop_what_follows_the_range()
    {
        using var rig = new MsmRig(units: 3);
        var both = new DmaDevice("both", [new StreamBinding(1, new StreamId(1)), new StreamBinding(2, new StreamId(2))]);
        rig.Run(rig.Driver.ProbeDevice(both));
        var domain = rig.Attached(device: both);
        Assert.Equal(MsmRig.PageA, rig.Dma(mid: 1, unit: 1));
        Assert.Equal(MsmRig.PageA, rig.Dma(mid: 2, unit: 2));

        var log = new List<string>();
        rig.Run(rig.Driver.Unmap(domain, MsmRig.MappedIova, 0x1000), step => log.Add($"{step.Unit}: {step.Value:x}"));

        Assert.Equal(["1: 0", "1: 40001000", "2: 0", "2: 40002000"], log);
        Assert.Null(rig.Dma(mid: 1, unit: 1));
        Assert.Equal(MsmRig.PageA, rig.Dma(mid: 2, unit: 2));
    }

    [Fact]
    public void A_MID_of_an_instance_seen_before_goes_to_the_master_made_last()
    {
        using var rig = new MsmRig(units: 3);
        var mixed = new DmaDevice("mixed", [new StreamBinding(1, new StreamId(1)), new StreamBinding(2, new StreamId(2)), new StreamBinding(1, new StreamId(7))]);
        rig.Run(rig.Driver.ProbeDevice(mixed));
        var domain = rig.Attached(device: mixed);

        Assert.Equal(MsmRig.PageA, rig.Dma(mid: 7, unit: 2));
        Assert.Equal(0xc0_0000UL, rig.Units[2].Registers.Read(MsmRegisters.MasterToBank + 28, 4));
        Assert.Equal(0UL, rig.Units[1].Registers.Read(MsmRegisters.MasterToBank + 28, 4));
        Assert.Equal(2, domain.Tables is null ? 0 : rig.Units.Count(unit => unit.Registers.Read(MsmRegisters.Control, 4) == 7));
    }

    [Fact]
    public void An_instance_has_one_master()
    {
        using var rig = new MsmRig();

        Assert.Throws<KernelBugException>(() => rig.Run(rig.Driver.ProbeDevice(new DmaDevice("second", new StreamId(9)))));
        Assert.Equal(-(long)Errno.ENODEV, rig.Run(rig.Driver.ProbeDevice(new DmaDevice("far", [new StreamBinding(1, new StreamId(9))]))));
        Assert.Equal(0, rig.Run(rig.Driver.ProbeDevice(MsmRig.Device)));
        Assert.Throws<KernelBugException>(() => rig.Run(rig.Driver.ProbeDevice(new DmaDevice(MsmRig.Device.Name, [.. Enumerable.Range(0, 33).Select(mid => new StreamBinding(0, new StreamId((uint)mid)))]))));
    }

    [Theory]
    [InlineData(MsmRegisters.TlbiAll, 0u, false)]
    [InlineData(MsmRegisters.TlbiAsid, 0u, false)]
    [InlineData(MsmRegisters.TlbiAsid, 1u, true)]
    [InlineData(MsmRegisters.TlbiAddress, 0x4000_1000u, false)]
    [InlineData(MsmRegisters.TlbiAddress, 0x4000_1001u, true)]
    [InlineData(MsmRegisters.TlbiAddress, 0x4000_2000u, true)]
    [InlineData(MsmRegisters.TlbiAddressAll, 0x4000_1001u, false)]
    [InlineData(MsmRegisters.GlobalTlbiAll, 0u, false)]
    [InlineData(MsmRegisters.TlbiVmid, 0u, false)]
    [InlineData(MsmRegisters.TlbiVmid, 1u, true)]
    [InlineData(0x1000 + MsmRegisters.TlbiAll, 0u, true)]
    public void A_cached_page_stays_until_an_invalidation_names_it(ulong register, uint value, bool stays)
    {
        using var rig = new MsmRig();
        var domain = rig.Attached();
        rig.Dma();
        rig.Memory.Clear(domain.Tables!.Root, 0x4000);
        Assert.Equal(MsmRig.PageA, rig.Dma());

        rig.Silicon.Registers.Write(register, 4, value);

        Assert.Equal(stays ? MsmRig.PageA : null, rig.Dma());
    }

    [Fact]
    public void With_its_port_disabled_all_passes()
    {
        using var rig = new MsmRig();
        rig.Attached();

        rig.Silicon.Registers.Write(MsmRegisters.GlobalControl, 4, 1u << MsmRegisters.ClientPortDisabled);

        Assert.Equal(MsmRig.MappedIova, rig.Dma());
    }

    [Theory]
    [InlineData(KernelVersion.Linux61, DomainType.Dma)]
    [InlineData(KernelVersion.Linux61, DomainType.Identity)]
    [InlineData(KernelVersion.Linux61, DomainType.Blocked)]
    [InlineData(KernelVersion.Linux612, DomainType.Blocked)]
    public void Domains_that_a_kernel_does_not_have_are_EINVAL(KernelVersion kernel, DomainType type)
    {
        using var rig = new MsmRig(kernel);

        Assert.Equal(Errno.EINVAL, Assert.Throws<DriverException>(() => rig.Driver.AllocateDomain(type)).Errno);
        Assert.Equal(Errno.EOPNOTSUPP, Assert.Throws<DriverException>(() => rig.Driver.Block(MsmRig.Device)).Errno);
    }

    [Fact]
    public void Attaching_identity_does_nothing_for_a_device_without_a_domain()
    {
        using var rig = new MsmRig(KernelVersion.Linux612);
        var identity = rig.Driver.AllocateDomain(DomainType.Identity);
        Assert.Empty(rig.Writes(rig.Driver.Attach(identity, MsmRig.Device)));
        rig.Attached();
        Assert.NotEmpty(rig.Writes(rig.Driver.Attach(identity, MsmRig.Device)));
        Assert.Empty(rig.Writes(rig.Driver.Attach(identity, MsmRig.Device)));
    }

    [Theory]
    [InlineData(0x1_0000_0000UL, 0x1000UL, 3, Errno.ERANGE)]
    [InlineData(0x1000UL, 0x1_0000_0000UL, 3, Errno.ERANGE)]
    [InlineData(0x1000UL, 0x1800UL, 3, Errno.EINVAL)]
    [InlineData(0x1000UL, 0x1000UL, 0, Errno.EINVAL)]
    [InlineData(MsmRig.MappedIova, 0x1000UL, 3, Errno.EEXIST)]
    public void A_map_that_cannot_be_fails_with_its_error(ulong iova, ulong physical, int protection, Errno error)
    {
        using var rig = new MsmRig();
        var domain = rig.Attached();

        Assert.Equal(-(long)error, rig.Run(rig.Driver.Map(domain, iova, physical, 0x1000, (Protection)protection)));
        Assert.Equal(MsmRig.PageA, rig.Dma());
    }

    [Fact]
    public void A_domain_that_is_not_attached_cannot_map()
    {
        using var rig = new MsmRig();
        var domain = rig.Empty();

        Assert.Equal(-(long)Errno.EINVAL, rig.Run(rig.Driver.Map(domain, 0x1000, 0x1000, 0x1000, MsmRig.ReadWrite)));
        Assert.Equal(0, rig.Run(rig.Driver.Unmap(domain, 0x1000, 0x1000)));
        Assert.Empty(rig.Writes(rig.Driver.Detach(domain, MsmRig.Device)));
    }

    [Theory]
    [MemberData(nameof(MsmRig.Kernels), MemberType = typeof(MsmRig))]
    public void Nothing_strays_from_the_declared_registers(KernelVersion kernel)
    {
        using var rig = new MsmRig(kernel);
        var domain = rig.Attached();
        rig.Dma(0x1234_5000);
        rig.Run(rig.Driver.HandleInterrupt());
        rig.Run(rig.Driver.Detach(domain, MsmRig.Device));

        Assert.Equal(0, rig.Silicon.Registers.UndeclaredAccesses);
        Assert.Equal(0x0103_0020UL, rig.Silicon.Registers.Read(MsmRegisters.Identification, 4));
    }

    [Fact]
    public void Each_device_of_the_room_is_behind_its_own_instance()
    {
        using var platform = MsmRoom.Room.Create(new PlatformOptions { Devices = 2 });

        Assert.Equal(1, platform.Device(1).Streams[0].Unit);
        Assert.Throws<ArgumentOutOfRangeException>(() => platform.Device(2));
        Assert.Throws<ArgumentException>(() => new MsmIommu("too many", platform.Memory, MsmHardware.Apq8064 with { Banks = 129, Mids = 200 }));
    }

    [Fact]
    public void Translation_allocates_nothing()
    {
        using var rig = new MsmRig();
        var domain = rig.Attached();
        rig.Write(MsmRegisters.AuxiliaryControl, 0x33072);
        for (var page = 1UL; page < 64; page += 2)
            rig.Map(domain, MsmRig.MappedIova + (page << 12), MsmRig.PageA + (page << 12));
        var requests = Enumerable.Range(0, 64)
            .Select(i => new DmaRequest(new StreamId(i % 8 == 7 ? 40u : 3u), new Iova(MsmRig.MappedIova + ((ulong)i << 12)), DmaAccess.Write)).ToArray();
        var completions = new DmaCompletion[requests.Length];
        rig.Silicon.Translate(requests, completions);
        rig.Write(MsmRegisters.TlbiAll, 0);

        Assert.Equal(0, Allocations.Of(() =>
        {
            for (var i = 0; i < 100; i++)
                rig.Silicon.Translate(requests, completions);
        }));
    }
}
