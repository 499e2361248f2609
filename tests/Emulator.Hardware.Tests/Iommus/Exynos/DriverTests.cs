using Emulator.Hardware.Dma;
using Emulator.Hardware.Drivers;
using Emulator.Hardware.Iommus.Exynos;
using Emulator.Hardware.Memory;
using Emulator.Hardware.PageTables;

namespace Emulator.Hardware.Tests.Iommus.Exynos;

public sealed class DriverTests
{
    private const Protection Both = Protection.Read | Protection.Write;

    [Theory]
    [InlineData("v1", 0x785, 0x14, 0x0c)]
    [InlineData("v2", 0x785, 0x14, 0x0c)]
    [InlineData("v3.1", 0x785, 0x14, 0x0c)]
    [InlineData("v3.2", 0x500785, 0x14, 0x0c)]
    [InlineData("v3.3", 0x1100784, 0x14, 0x0c)]
    [InlineData("v5", 0x1100784, 0x0c, 0x10)]
    [InlineData("v7", 0x1100784, 0x0c, 0x10)]
    [InlineData("v7vm", 0x1100784, 0x800c, 0x8010)]
    public void An_attach_blocks_configures_flushes_and_enables(string variant, ulong configuration, ulong tableBase, ulong flushAll)
    {
        using var rig = ExynosRig.Of(variant);
        var domain = rig.Domain(ExynosRig.PageA);
        var root = domain.Tables!.Root >> (rig.Hardware.IsShifted ? 12 : 0);
        List<(ulong, ulong)> expected = [(0, 7), (4, configuration), (tableBase, root), (flushAll, 1)];
        if (variant == "v7vm")
            expected.Add((0x8000, 9));
        expected.Add((0, 5));
        Assert.Equal(expected, rig.Writes(rig.Driver.Attach(domain, ExynosRig.Device())));
    }

    [Theory]
    [InlineData("v1", 0x34)]
    [InlineData("v5", 0x34)]
    [InlineData("v7", 0x34, 0x870, 0x874)]
    [InlineData("v7vm", 0x34, 0x870, 0x874)]
    public void The_probe_reads_the_identification_and_leaves_CTRL_as_firmware_had_it(string variant, params int[] reads)
    {
        using var rig = ExynosRig.Of(variant);
        rig.Write(ExynosRegisters.Control, ExynosRegisters.ControlEnable);
        var steps = new List<DriverStep>();
        rig.Run(rig.Driver.Probe(0), steps.Add);
        Assert.All(steps, step => Assert.Equal(DriverStepKind.ReadRegister, step.Kind));
        Assert.Equal(reads, steps.Select(step => (int)step.Address));
        Assert.Equal(ExynosRegisters.ControlEnable, rig.Read(ExynosRegisters.Control));
    }

    [Fact]
    public void Domain_types_are_those_of_the_kernel()
    {
        using var old = ExynosRig.Of("v5");
        using var rig = ExynosRig.Of("v5", KernelVersion.Linux612);
        Assert.Equal(Errno.EINVAL, Assert.Throws<DriverException>(() => old.Driver.AllocateDomain(DomainType.Identity)).Errno);
        Assert.Null(rig.Driver.AllocateDomain(DomainType.Identity).PageTable);
        foreach (var driver in (ExynosDriver[])[old.Driver, rig.Driver])
        {
            Assert.Equal(Errno.EINVAL, Assert.Throws<DriverException>(() => driver.AllocateDomain(DomainType.Blocked)).Errno);
            Assert.Equal(Errno.EINVAL, Assert.Throws<DriverException>(() => driver.AllocateDomain(DomainType.DmaFlushQueue)).Errno);
            Assert.NotNull(driver.AllocateDomain(DomainType.Dma).PageTable);
            Assert.False(driver.HasNativeBlocking);
            Assert.Equal(Errno.EOPNOTSUPP, Assert.Throws<DriverException>(() => driver.Block(ExynosRig.Device())).Errno);
        }
    }

    [Fact]
    public void The_identity_domain_of_6_12_is_the_old_detach()
    {
        using var rig = ExynosRig.Of("v5", KernelVersion.Linux612);
        rig.Attached();
        var identity = rig.Driver.AllocateDomain(DomainType.Identity);
        Assert.Equal([(0UL, 0UL), (4UL, 0UL)], rig.Writes(rig.Driver.Attach(identity, ExynosRig.Device())));
        Assert.Empty(rig.Writes(rig.Driver.Attach(identity, ExynosRig.Device())));
        Assert.Equal(-(long)Errno.EINVAL, rig.Run(rig.Driver.Map(identity, 0, 0, 0x1000, Both)));
    }

    [Fact]
    public void A_detach_from_another_domain_does_nothing_in_6_1()
    {
        using var rig = ExynosRig.Of("v1");
        rig.Attached();
        Assert.Empty(rig.Writes(rig.Driver.Detach(rig.Domain(ExynosRig.PageB), ExynosRig.Device())));
        Assert.Equal(ExynosRig.PageA, rig.Dma());
    }

    [Theory]
    [InlineData(KernelVersion.Linux61)]
    [InlineData(KernelVersion.Linux612)]
    public void A_released_device_is_detached_and_no_longer_wakes_its_SysMMU(KernelVersion kernel)
    {
        using var rig = ExynosRig.Of("v3.3", kernel);
        rig.Attached();
        Assert.Equal([(0UL, 0UL), (4UL, 0UL)], rig.Writes(rig.Driver.ReleaseDevice(ExynosRig.Device())));
        Assert.Empty(rig.Writes(rig.Driver.SuspendDevice(ExynosRig.Device())));
        Assert.Equal(ExynosRig.MappedIova, rig.Dma());
    }

    [Fact]
    public void A_SysMMU_serves_one_master()
    {
        using var rig = ExynosRig.Of("v5", units: 2);
        var intruder = new DmaDevice("other", [new StreamBinding(1, new StreamId(1))]);
        Assert.Equal(Errno.EINVAL, Assert.Throws<DriverException>(() => rig.Run(rig.Driver.ProbeDevice(intruder))).Errno);
        Assert.Equal(-(long)Errno.ENODEV, rig.Run(rig.Driver.Attach(rig.Domain(ExynosRig.PageA), intruder)));
        var nowhere = new DmaDevice("other", [new StreamBinding(2, new StreamId(1))]);
        Assert.Equal(Errno.EINVAL, Assert.Throws<DriverException>(() => rig.Run(rig.Driver.ProbeDevice(nowhere))).Errno);
    }

    [Fact]
    public void Nothing_works_before_a_SysMMU_was_probed()
    {
        using var memory = new PhysicalMemory(new MemoryRange(0, 1UL << 30));
        var driver = new ExynosDriver(KernelVersion.Linux61, memory, new FrameAllocator(memory, 0, 1 << 20, OwnerTag.Host));
        Assert.Throws<KernelBugException>(() => driver.AllocateDomain(DomainType.Dma));
        Assert.Equal(-(long)Errno.ENODEV, new Bus(memory).Run(driver.ProbeDevice(ExynosRig.Device())));
    }

    [Fact]
    public void Maps_of_what_is_mapped_or_not_aligned_fail()
    {
        using var rig = ExynosRig.Of("v5");
        var domain = rig.Domain(ExynosRig.PageA);
        rig.Map(domain, 0x7000_0000, 0x5000_0000, 0x100000);

        Assert.Equal(-(long)Errno.EADDRINUSE, Map(0x7000_1000, 0x1000));
        Assert.Equal(-(long)Errno.EADDRINUSE, Map(0x7000_0000, 0x100000));
        Assert.Equal(-(long)Errno.EADDRINUSE, Map(ExynosRig.MappedIova, 0x1000));
        Assert.Equal(-(long)Errno.EADDRINUSE, Map(ExynosRig.MappedIova & ~0xfffffUL, 0x100000));
        Assert.Equal(-(long)Errno.EINVAL, Map(0x7100_0800, 0x1000));
        Assert.Equal(-(long)Errno.EINVAL, Map(0x7100_0000, 0x1001));

        long Map(ulong iova, ulong size) => rig.Run(rig.Driver.Map(domain, iova, 0x6000_0000 | (iova & 0xfff), size, Both));
    }

    [Fact]
    public void A_map_that_fails_half_way_takes_back_what_it_mapped()
    {
        using var rig = ExynosRig.Of("v5");
        var domain = rig.Attached();
        var start = ExynosRig.MappedIova - 0x2000;
        var writes = rig.Writes(rig.Driver.Map(domain, start, 0x6000_3000, 0x4000, Both));
        Assert.Equal([start | 1, (start + 0x1000) | 1], writes.Where(write => write.Offset == rig.Hardware.Layout.FlushEntry).Select(write => write.Value));
        Assert.Null(domain.Tables!.Lookup(start));
        Assert.Equal(ExynosRig.PageA, domain.Tables.Lookup(ExynosRig.MappedIova));
    }

    [Fact]
    public void A_large_page_that_meets_a_small_one_takes_its_words_back()
    {
        using var rig = ExynosRig.Of("v5");
        var domain = rig.Domain(ExynosRig.PageA);
        Assert.Equal(-(long)Errno.EADDRINUSE, rig.Run(rig.Driver.MapPage(domain, ExynosRig.MappedIova & ~0xffffUL, 0x6000_0000, 0x10000, Both)));
        Assert.Null(domain.Tables!.Lookup(ExynosRig.MappedIova - 0x1000));
        Assert.Equal(ExynosRig.PageA, domain.Tables.Lookup(ExynosRig.MappedIova));
    }

    [Fact]
    public void A_page_of_any_size_but_1_MiB_goes_into_a_second_level_table()
    {
        using var rig = ExynosRig.Of("v5");
        var domain = rig.Attached();
        var writes = rig.Writes(rig.Driver.MapPage(domain, 0x7000_0000, 0x6000_0000, 0x200000, Both));
        Assert.Contains((rig.Hardware.Layout.FlushAll, 1UL), writes);
        Assert.Equal(0x6000_f000UL, domain.Tables!.Lookup(0x7000_f000));
        Assert.Null(domain.Tables.Lookup(0x7001_0000));
    }

    [Fact]
    public void An_unmap_counts_holes_and_refuses_a_part_of_a_page()
    {
        using var rig = ExynosRig.Of("v5");
        var domain = rig.Domain(ExynosRig.PageA);
        rig.Map(domain, 0x7000_0000, 0x5000_0000, 0x100000);
        rig.Map(domain, 0x7100_0000, 0x5000_0000, 0x10000);

        Assert.Equal(0x100000, rig.Run(rig.Driver.Unmap(domain, 0x2000_0000, 0x100000)));
        Assert.Equal(0x3000, rig.Run(rig.Driver.Unmap(domain, ExynosRig.MappedIova - 0x1000, 0x3000)));
        Assert.Equal(0, rig.Run(rig.Driver.Unmap(domain, 0x7000_0000, 0x10000)));
        Assert.Equal(0, rig.Run(rig.Driver.Unmap(domain, 0x7100_0000, 0x1000)));
        Assert.Equal(0, rig.Run(rig.Driver.Unmap(domain, 0x7100_0000, 0x800)));
        Assert.Equal(0x10000, rig.Run(rig.Driver.Unmap(domain, 0x7100_0000, 0x10000)));
    }

    [Fact]
    public void Unmapped_first_level_words_link_to_the_zero_table_and_second_level_tables_stay()
    {
        using var rig = ExynosRig.Of("v3.3");
        var domain = rig.Domain(ExynosRig.PageA);
        var zeroLink = rig.Memory.Read32(domain.Tables!.Root);
        Assert.Equal(1u, zeroLink & 3);
        var link = Word();
        rig.Run(rig.Driver.Unmap(domain, ExynosRig.MappedIova, 0x1000));
        Assert.Equal(link, Word());
        rig.Map(domain, ExynosRig.MappedIova & ~0xfffffUL, 0x5000_0000, 0x100000);
        rig.Run(rig.Driver.Unmap(domain, ExynosRig.MappedIova & ~0xfffffUL, 0x100000));
        Assert.Equal(zeroLink, Word());

        uint Word() => rig.Memory.Read32(domain.Tables!.Root + ((ExynosRig.MappedIova >> 20) * 4));
    }

    [Fact]
    public void Input_addresses_are_cut_to_32_bits()
    {
        using var rig = ExynosRig.Of("v5");
        var domain = rig.Attached();
        rig.Map(domain, (1UL << 32) + 0x7000_0000, ExynosRig.PageB);
        Assert.Equal(ExynosRig.PageB, rig.Dma(0x7000_0000));
    }

    [Fact]
    public void Without_memory_for_a_table_a_map_fails()
    {
        using var memory = new PhysicalMemory(new MemoryRange(0, 1UL << 30));
        var bus = new Bus(memory, new ExynosIommu("sysmmu", memory, ExynosHardware.V5, new ExynosOptions()));
        var driver = new ExynosDriver(KernelVersion.Linux61, memory, new FrameAllocator(memory, 0, 0xb000, OwnerTag.Host));
        bus.Run(driver.Probe());
        var domain = driver.AllocateDomain(DomainType.Unmanaged);
        var result = 0L;
        for (var section = 0UL; section < 16 && result == 0; section++)
            result = bus.Run(driver.Map(domain, section << 20, 0, 0x1000, Both));
        Assert.Equal(-(long)Errno.ENOMEM, result);
        Assert.Equal(Errno.ENOMEM, Assert.Throws<DriverException>(() => driver.AllocateDomain(DomainType.Unmanaged)).Errno);
    }
}
