using Emulator.Hardware.Drivers;
using Emulator.Hardware.Iommus.Sun50i;
using Emulator.Hardware.Memory;
using Emulator.Hardware.PageTables;

namespace Emulator.Hardware.Tests.Iommus.Sun50i;

public sealed class DriverTests
{
    [Fact]
    public void Domain_types_are_those_of_the_kernel()
    {
        using var old = new Sun50iRig();
        using var rig = new Sun50iRig(KernelVersion.Linux612);
        Assert.Equal(Errno.EINVAL, Assert.Throws<DriverException>(() => old.Driver.AllocateDomain(DomainType.Identity)).Errno);
        Assert.Null(rig.Driver.AllocateDomain(DomainType.Identity).PageTable);
        foreach (var driver in (Sun50iDriver[])[old.Driver, rig.Driver])
        {
            Assert.Equal(Errno.EINVAL, Assert.Throws<DriverException>(() => driver.AllocateDomain(DomainType.Blocked)).Errno);
            Assert.Equal(new DomainGeometry(0, uint.MaxValue), driver.AllocateDomain(DomainType.Dma).Geometry);
            Assert.False(driver.HasNativeBlocking);
            Assert.Equal(Errno.EOPNOTSUPP, Assert.Throws<DriverException>(() => driver.Block(Sun50iRig.Device())).Errno);
        }
    }

    [Fact]
    public void The_identity_domain_of_6_12_leaves_the_old_table_live()
    {
        using var rig = new Sun50iRig(KernelVersion.Linux612);
        var identity = rig.Driver.AllocateDomain(DomainType.Identity);
        Assert.Empty(rig.Driver.Attach(identity, Sun50iRig.Device()));
        Assert.Equal(Sun50iRig.MappedIova, rig.Dma());
        rig.Attached();
        Assert.Empty(rig.Driver.Attach(identity, Sun50iRig.Device()));
        Assert.Equal(Sun50iRig.PageA, rig.Dma());
    }

    [Fact]
    public void A_device_that_was_not_probed_cannot_be_attached()
    {
        using var rig = new Sun50iRig();
        Assert.Equal(-(long)Errno.ENODEV, rig.Run(rig.Driver.Attach(rig.Domain(Sun50iRig.PageA), Sun50iRig.Device(9))));
    }

    [Fact]
    public void A_released_device_stays_where_it_is()
    {
        using var rig = new Sun50iRig();
        rig.Attached();
        Assert.Empty(rig.Driver.ReleaseDevice(Sun50iRig.Device()));
        Assert.Equal(Sun50iRig.PageA, rig.Dma());
    }

    [Fact]
    public void Maps_of_what_is_mapped_or_not_aligned_fail()
    {
        using var rig = new Sun50iRig();
        var domain = rig.Attached();
        Assert.Equal(-(long)Errno.EBUSY, Map(Sun50iRig.MappedIova, 0x1000));
        Assert.Equal(-(long)Errno.EBUSY, Map(Sun50iRig.MappedIova - 0x2000, 0x4000));
        Assert.Null(domain.Tables!.Lookup(Sun50iRig.MappedIova - 0x2000));
        Assert.Equal(Sun50iRig.PageA, domain.Tables.Lookup(Sun50iRig.MappedIova));
        Assert.Equal(-(long)Errno.EINVAL, Map(0x7000_0800, 0x1000));
        Assert.Equal(-(long)Errno.EINVAL, Map(0x7000_0000, 0x1800));

        long Map(ulong iova, ulong size) => rig.Run(DomainMapping.Map(rig.Driver, domain, iova, 0x5000_0000, size, Sun50iRig.Both));
    }

    [Fact]
    public void An_unmap_ends_at_the_first_hole()
    {
        using var rig = new Sun50iRig();
        var domain = rig.Attached();
        Assert.Equal(0x1000, rig.Unmap(domain, Sun50iRig.MappedIova, 0x3000));
        Assert.Equal(0, rig.Unmap(domain, Sun50iRig.MappedIova, 0x1000));
        Assert.Equal(0, rig.Unmap(domain, 0x7000_0000, 0x1000));
    }

    [Fact]
    public void Output_addresses_beyond_32_bits_are_cut_in_6_1_and_refused_in_6_12()
    {
        using var old = new Sun50iRig();
        using var rig = new Sun50iRig(KernelVersion.Linux612);
        var domain = old.Attached();
        old.Map(domain, 0x7000_0000, (1UL << 32) + Sun50iRig.PageB);
        Assert.Equal(Sun50iRig.PageB, old.Dma(0x7000_0000));
        Assert.Equal(
            -(long)Errno.EINVAL, rig.Run(DomainMapping.Map(rig.Driver, rig.Attached(), 0x7000_0000, (1UL << 32) + Sun50iRig.PageB, 0x1000, Sun50iRig.Both)));
    }

    [Fact]
    public void Freeing_a_domain_gives_back_its_directory_only()
    {
        using var rig = new Sun50iRig();
        var domain = rig.Domain(Sun50iRig.PageA);
        var freed = rig.Frames.Freed;
        rig.Run(rig.Driver.FreeDomain(domain));
        Assert.Equal(freed + 1, rig.Frames.Freed);
    }

    [Fact]
    public void Without_memory_for_a_table_a_map_fails()
    {
        using var memory = new PhysicalMemory(new MemoryRange(0, 1UL << 30));
        var driver = new Sun50iDriver(KernelVersion.Linux61, memory, new FrameAllocator(memory, 0, 0x5000, OwnerTag.Host));
        var table = driver.AllocateDomain(DomainType.Unmanaged).PageTable!;
        var results = Enumerable.Range(0, 5).Select(i => table.Map((ulong)i << 20, 0, 0x1000, 1, Protection.Read, new InvalidationGather()).Errno);
        Assert.Equal([Errno.None, Errno.None, Errno.None, Errno.None, Errno.ENOMEM], results);
    }
}
