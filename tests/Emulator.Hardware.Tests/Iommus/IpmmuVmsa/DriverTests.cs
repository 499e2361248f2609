using Emulator.Hardware.Dma;
using Emulator.Hardware.Drivers;
using Emulator.Hardware.Iommus;
using Emulator.Hardware.Iommus.IpmmuVmsa;
using Emulator.Hardware.PageTables;

namespace Emulator.Hardware.Tests.Iommus.IpmmuVmsa;

public sealed class DriverTests
{
    private static readonly DmaDevice OnSecond = new("second", [new StreamBinding(1, new StreamId(5))]);

    [Theory]
    [InlineData("gen2", 1)]
    [InlineData("gen3", 7)]
    [InlineData("gen4", 15)]
    public void There_are_so_many_domains_and_then_EBUSY(string variant, int domains)
    {
        using var rig = IpmmuRig.Of(variant, KernelVersion.Linux61);
        var all = Enumerable.Range(0, domains).Select(_ => rig.Attached()).ToList();

        Assert.Equal(Enumerable.Range(rig.Hardware.ReservesContext0 ? 1 : 0, domains), all.Select(domain => domain.Context!.Value));
        Assert.Equal(-(long)Errno.EBUSY, rig.Run(rig.Driver.Attach(rig.Empty(), IpmmuRig.Device)));

        rig.Run(rig.Driver.FreeDomain(all[0]));
        Assert.Equal(all.Count == 1 ? 0 : 1, rig.Attached().Context);
    }

    [Fact]
    public void Context_9_of_Gen4_translates()
    {
        using var rig = IpmmuRig.Of("gen4", KernelVersion.Linux61);
        for (var i = 1; i < 9; i++)
            rig.Attached(device: IpmmuRig.Other);

        Assert.Equal(9, rig.Attached(IpmmuRig.PageB).Context);
        Assert.Equal(IpmmuRig.PageB, rig.Dma());
        Assert.Equal(0x93u & ~2u, rig.ReadMicroTlb(5));
        Assert.Equal(5UL, rig.Root.Registers.Read(0x19840, 4));
    }

    [Fact]
    public void The_contexts_of_one_root_serve_all_leaves()
    {
        using var rig = IpmmuRig.Of("gen3", KernelVersion.Linux61, instances: 2);
        rig.Attached();
        var second = rig.Attached(IpmmuRig.PageB, device: OnSecond);

        Assert.Equal(2, second.Context);
        Assert.Equal(IpmmuRig.PageA, rig.Dma());
        Assert.Equal(IpmmuRig.PageB, rig.Dma(unit: 1));
        Assert.Equal(-(long)Errno.EINVAL, rig.Run(rig.Driver.Attach(second, IpmmuRig.Device)));
        Assert.Equal(IpmmuRig.PageA, rig.Dma());
    }

    [Fact]
    public void Instances_of_Gen2_have_nothing_in_common()
    {
        using var rig = IpmmuRig.Of("gen2", KernelVersion.Linux61, instances: 2);
        rig.Attached();
        Assert.Equal(0, rig.Attached(IpmmuRig.PageB, device: OnSecond).Context);

        Assert.Equal(IpmmuRig.PageA, rig.Dma());
        Assert.Equal(IpmmuRig.PageB, rig.Dma(unit: 1));
    }

    [Fact]
    public void A_device_behind_two_instances_has_all_its_micro_TLBs_programmed_in_the_first()
    {
        using var rig = IpmmuRig.Of("gen3", KernelVersion.Linux61, instances: 2);
        var both = new DmaDevice("both", [new StreamBinding(0, new StreamId(5)), new StreamBinding(1, new StreamId(9))]);
        rig.Attached(device: both);

        Assert.Equal(IpmmuRig.PageA, rig.Dma());
        Assert.Equal(IpmmuRig.PageA, rig.Dma(stream: 9));
        Assert.Equal(IpmmuRig.MappedIova, rig.Dma(stream: 9, unit: 1));
    }

    [Theory]
    [MemberData(nameof(IpmmuRig.Cases), MemberType = typeof(IpmmuRig))]
    public void Waking_up_sets_up_contexts_and_micro_TLBs_again(string variant, KernelVersion kernel)
    {
        using var rig = IpmmuRig.Of(variant, kernel);
        rig.Attached();
        foreach (var unit in rig.Units)
        {
            foreach (var register in unit.Registers.Registers)
                unit.Registers.Write(register.Offset, 4, 0);
        }

        Assert.Equal(IpmmuRig.MappedIova, rig.Dma());

        for (var unit = rig.Units.Length - 1; unit >= 0; unit--)
            Assert.Equal(0, rig.Run(rig.Driver.Resume(unit)));

        Assert.Equal(IpmmuRig.PageA, rig.Dma());
        Assert.Equal(IpmmuRig.MappedIova, rig.Dma(stream: 7));
    }

    [Theory]
    [MemberData(nameof(IpmmuRig.Cases), MemberType = typeof(IpmmuRig))]
    public void Waking_up_after_a_detach_leaves_the_micro_TLB_off(string variant, KernelVersion kernel)
    {
        using var rig = IpmmuRig.Of(variant, kernel);
        rig.Run(rig.Driver.Detach(rig.Attached(), IpmmuRig.Device));

        for (var unit = rig.Units.Length - 1; unit >= 0; unit--)
            Assert.Equal(0, rig.Run(rig.Driver.Resume(unit)));

        Assert.Equal(IpmmuRig.MappedIova, rig.Dma());
    }

    [Fact]
    public void Waking_up_with_a_micro_TLB_of_a_freed_domain_is_the_end_of_the_kernel()
    {
        using var rig = IpmmuRig.Of("gen3", KernelVersion.Linux61);
        rig.Run(rig.Driver.FreeDomain(rig.Attached()));

        Assert.Throws<KernelBugException>(() => rig.Run(rig.Driver.Resume(0)));
    }

    [Fact]
    public void A_flush_that_does_not_end_is_read_100_times_and_given_up_without_an_error()
    {
        using var rig = IpmmuRig.Of("gen3", KernelVersion.Linux61);
        var domain = rig.Attached();
        var reads = 0;
        foreach (var step in rig.Driver.FlushAll(domain))
        {
            rig.Bus.Perform(step);
            if (step.Kind != DriverStepKind.ReadRegister)
                continue;
            reads++;
            step.Value |= IpmmuVmsaRegisters.Flush;
        }

        Assert.Equal(101, reads);
    }

    [Theory]
    [InlineData(KernelVersion.Linux61, DomainType.Identity)]
    [InlineData(KernelVersion.Linux61, DomainType.Blocked)]
    [InlineData(KernelVersion.Linux61, DomainType.DmaFlushQueue)]
    [InlineData(KernelVersion.Linux612, DomainType.Blocked)]
    public void Domains_that_a_kernel_does_not_have_are_EINVAL(KernelVersion kernel, DomainType type)
    {
        using var rig = IpmmuRig.Of("gen3", kernel);

        Assert.Equal(Errno.EINVAL, Assert.Throws<DriverException>(() => rig.Driver.AllocateDomain(type)).Errno);
        Assert.Equal(Errno.EOPNOTSUPP, Assert.Throws<DriverException>(() => rig.Driver.Block(IpmmuRig.Device)).Errno);
    }

    [Theory]
    [InlineData(0x1_0000_0000UL, 0x1000UL, Errno.ERANGE)]
    [InlineData(0x1000UL, 0x100_0000_0000UL, Errno.ERANGE)]
    [InlineData(0x1000UL, 0x1800UL, Errno.EINVAL)]
    [InlineData(IpmmuRig.MappedIova, 0x1000UL, Errno.EEXIST)]
    public void A_map_that_cannot_be_fails_with_its_error(ulong iova, ulong physical, Errno error)
    {
        using var rig = IpmmuRig.Of("gen3", KernelVersion.Linux61);
        var domain = rig.Attached();

        Assert.Equal(-(long)error, rig.Run(DomainMapping.Map(rig.Driver, domain, iova, physical, 0x1000, Protection.Read)));
        Assert.Equal(IpmmuRig.PageA, rig.Dma());
    }

    [Theory]
    [InlineData(KernelVersion.Linux61)]
    [InlineData(KernelVersion.Linux612)]
    public void Two_gigabytes_from_the_last_one_fail_and_take_down_what_was_mapped(KernelVersion kernel)
    {
        using var rig = IpmmuRig.Of("gen3", kernel);
        var domain = rig.Attached();
        var result = rig.Run(DomainMapping.Map(rig.Driver, domain, 0xc000_0000, 0x4000_0000, 0x8000_0000, Protection.Read));

        // 6.1 maps page by page and stops at the end of the address space. 6.12 writes both words, the second one behind the four of the first table.
        Assert.Equal(kernel == KernelVersion.Linux61 ? -(long)Errno.ERANGE : 0, result);
        Assert.Equal(kernel == KernelVersion.Linux61 ? null : 0x4000_0010, rig.Dma(0xc000_0010));
        Assert.Equal(kernel == KernelVersion.Linux61 ? 0UL : 0x8000_0ee1, rig.Memory.Read64(domain.Tables!.Root + 32));
    }

    [Fact]
    public void A_block_over_tables_flushes_before_it_is_written_and_frees_them()
    {
        using var rig = IpmmuRig.Of("gen3", KernelVersion.Linux61);
        var domain = rig.Attached();
        rig.Dma();
        Assert.Equal(0x1000UL, DomainPaging.Unmap(domain.Tables!, IpmmuRig.MappedIova, 0x1000, new InvalidationGather()));

        rig.Map(domain, 0x4000_0000, IpmmuRig.PageB, size: 0x20_0000);

        Assert.Equal(IpmmuRig.PageB + 0x1000, rig.Dma());
    }

    [Theory]
    [InlineData("gen2", 32)]
    [InlineData("gen3", 48)]
    [InlineData("gen4", 64)]
    public void A_micro_TLB_that_the_instance_does_not_have_is_refused_with_the_limit(string variant, int limit)
    {
        using var rig = IpmmuRig.Of(variant, KernelVersion.Linux61);

        var error = Assert.Throws<DriverException>(() => rig.Driver.ProbeDevice(new DmaDevice("far", new StreamId((uint)limit))));

        Assert.Contains($"outside the {limit}", error.Message, StringComparison.Ordinal);
        Assert.Throws<DriverException>(() => rig.Driver.ProbeDevice(new DmaDevice("elsewhere", [new StreamBinding(rig.Hardware.HasLeaves ? 1 : 2, new StreamId(0))])));
    }

    [Theory]
    [MemberData(nameof(IpmmuRig.Cases), MemberType = typeof(IpmmuRig))]
    public void Nothing_strays_from_the_declared_registers(string variant, KernelVersion kernel)
    {
        using var rig = IpmmuRig.Of(variant, kernel);
        var domain = rig.Attached();
        rig.Dma(0x1234_5000);
        rig.Run(rig.Driver.HandleInterrupt());
        rig.Run(rig.Driver.Resume(0));
        rig.Run(rig.Driver.Detach(domain, IpmmuRig.Device));
        rig.Run(rig.Driver.FreeDomain(domain));

        Assert.All(rig.Units, unit => Assert.Equal(0, unit.Registers.UndeclaredAccesses));
    }

    [Fact]
    public void The_room_puts_each_device_behind_an_instance_of_its_own()
    {
        using var platform = IpmmuVmsaRoom.Room.Create(new PlatformOptions { Devices = 3 });

        Assert.Equal(4, platform.Bus.Units.Count);
        Assert.Equal(2, platform.Device(2).Streams[0].Unit);
        Assert.Throws<ArgumentOutOfRangeException>(() => platform.Device(3));
    }

    [Fact]
    public void Translation_allocates_nothing()
    {
        using var rig = IpmmuRig.Of("gen3", KernelVersion.Linux61);
        var domain = rig.Attached();
        for (var page = 1UL; page < 64; page += 2)
            rig.Map(domain, IpmmuRig.MappedIova + (page << 12), IpmmuRig.PageA + (page << 12));
        var requests = Enumerable.Range(0, 64)
            .Select(i => new DmaRequest(new StreamId(i % 8 == 7 ? 9u : 5u), new Iova(IpmmuRig.MappedIova + ((ulong)i << 12)), DmaAccess.Write)).ToArray();
        var completions = new DmaCompletion[requests.Length];
        rig.Leaf.Translate(requests, completions);
        rig.Run(rig.Driver.FlushAll(domain));

        Assert.Equal(0, Allocations.Of(() =>
        {
            for (var i = 0; i < 100; i++)
                rig.Leaf.Translate(requests, completions);
        }));
    }
}
