using Emulator.Hardware.Dma;
using Emulator.Hardware.Drivers;
using Emulator.Hardware.Iommus;
using Emulator.Hardware.Iommus.TegraSmmu;
using Emulator.Hardware.Memory;
using Emulator.Hardware.PageTables;
using Emulator.Hardware.Translation;

namespace Emulator.Hardware.Tests.Iommus.TegraSmmu;

public sealed class DriverTests
{
    private const ulong Page = 0x1000;
    private const Protection ReadWrite = Protection.Read | Protection.Write;

    [Theory]
    [InlineData(KernelVersion.Linux61)]
    [InlineData(KernelVersion.Linux612)]
    public void Every_user_between_two_attaches_of_the_empty_domain_costs_an_ASID_until_none_is_left(KernelVersion kernel)
    {
        using var rig = SmmuRig.Of("tegra30", kernel);
        var empty = rig.Allocate();
        var users = new List<TegraSmmuDomain>();
        for (var cycle = 0; cycle < 3; cycle++)
        {
            users.Add(rig.Allocate());
            Assert.Equal(0, rig.Run(rig.Driver.Attach(empty, SmmuRig.DisplayDevice)));
            Assert.Equal(0, rig.Run(rig.Driver.Attach(users[^1], SmmuRig.DisplayDevice)));
            Assert.Equal(0, rig.Run(rig.Driver.Attach(empty, SmmuRig.DisplayDevice)));
            Assert.Equal(0, rig.Run(rig.Driver.Detach(empty, SmmuRig.DisplayDevice)));
            rig.Run(rig.Driver.FreeDomain(users[^1]));
        }

        Assert.Equal(0, rig.Run(rig.Driver.Attach(empty, SmmuRig.DisplayDevice)));
        Assert.Equal(-(long)Errno.ENOSPC, rig.Run(rig.Driver.Attach(rig.Allocate(), SmmuRig.DisplayDevice)));

        Assert.All(users, user => Assert.Equal(1, user.UseCount));
        Assert.Equal([1, 2, 3], users.Select(user => user.Asid));
        Assert.Equal(4, empty.UseCount);
        Assert.Null(rig.Dma());
    }

    [Fact]
    public void An_ASID_is_free_again_when_the_last_swgroup_has_left()
    {
        using var rig = SmmuRig.Of("tegra30");
        var two = SmmuRig.DeviceOf("two", SmmuRig.Display, 0x03, 0x02);
        var domain = rig.Attached(device: two);
        Assert.Equal(2, domain.UseCount);
        Assert.Equal(0, rig.Run(rig.Driver.Attach(domain, SmmuRig.AudioDevice)));
        Assert.Equal(3, domain.UseCount);

        rig.Run(rig.Driver.Detach(domain, two));
        var other = rig.Allocate();
        rig.Run(rig.Driver.Attach(other, SmmuRig.DisplayDevice));
        Assert.Equal(1, other.Asid);
        Assert.Equal(SmmuRig.PageA, rig.Dma(client: SmmuRig.Audio));

        rig.Run(rig.Driver.Detach(domain, SmmuRig.AudioDevice));
        var third = rig.Allocate();
        rig.Run(rig.Driver.Attach(third, SmmuRig.AudioDevice));
        Assert.Equal(0, third.Asid);
    }

    [Fact]
    public void A_second_swgroup_costs_no_second_preparation()
    {
        using var rig = SmmuRig.Of("tegra30");
        var domain = rig.Attached();

        Assert.Equal(
            ["r 254", "w 254 80000000", "r 228", "w 228 2100aa" /* dc's gates and hdar */, "r 22c", "w 22c 200000"],
            rig.Trace(rig.Driver.Attach(domain, SmmuRig.AudioDevice)));
    }

    [Theory]
    [InlineData(KernelVersion.Linux61, DomainType.Unmanaged)]
    [InlineData(KernelVersion.Linux612, DomainType.Unmanaged, DomainType.Dma, DomainType.DmaFlushQueue, DomainType.Identity)]
    public void Domain_types(KernelVersion kernel, params DomainType[] offered)
    {
        using var rig = SmmuRig.Of("tegra30", kernel);
        foreach (var type in Enum.GetValues<DomainType>())
        {
            if (offered.Contains(type))
                Assert.Equal(new DomainGeometry(0, uint.MaxValue), rig.Driver.AllocateDomain(type).Geometry);
            else
                Assert.Equal(Errno.EINVAL, Assert.Throws<DriverException>(() => rig.Driver.AllocateDomain(type)).Errno);
        }

        Assert.Equal(kernel == KernelVersion.Linux61 ? null : DomainType.Identity, rig.Driver.DefaultDomainType);
    }

    [Fact]
    public void A_domain_that_never_saw_its_SMMU_cannot_be_mapped()
    {
        using var rig = SmmuRig.Of("tegra30");
        var domain = rig.Allocate();

        Assert.Equal(-(long)Errno.ENODEV, rig.Run(rig.Driver.Map(domain, SmmuRig.MappedIova, SmmuRig.PageA, Page, ReadWrite)));
        Assert.Throws<KernelBugException>(() => rig.Run(rig.Driver.Detach(domain, SmmuRig.DisplayDevice)));
    }

    [Fact]
    public void A_domain_forgets_its_SMMU_with_its_last_swgroup()
    {
        using var rig = SmmuRig.Of("tegra30");
        var domain = rig.Attached();
        rig.Run(rig.Driver.Detach(domain, SmmuRig.DisplayDevice));

        Assert.Equal(-(long)Errno.ENODEV, rig.Run(rig.Driver.Map(domain, SmmuRig.MappedIova + Page, SmmuRig.PageA, Page, ReadWrite)));
        Assert.Equal(0, rig.Run(rig.Driver.Unmap(domain, 0, Page)));
        Assert.Throws<KernelBugException>(() => rig.Run(rig.Driver.Unmap(domain, SmmuRig.MappedIova, Page)));
        rig.Run(rig.Driver.Attach(domain, SmmuRig.DisplayDevice));
        Assert.Equal(SmmuRig.PageA, rig.Dma());
        Assert.Equal((long)Page, rig.Run(rig.Driver.Unmap(domain, SmmuRig.MappedIova, Page)));
    }

    [Theory]
    [InlineData(0x800, 0, 0)]
    [InlineData(0, 0x800, 0)]
    [InlineData(0, 0, 0x800)]
    public void What_is_not_aligned_to_a_page_is_refused_before_anything_is_touched(ulong iova, ulong physical, ulong size)
    {
        using var rig = SmmuRig.Of("tegra30");
        var domain = rig.Attached();

        Assert.Equal(-(long)Errno.EINVAL, rig.Run(rig.Driver.Map(domain, 0x1000 + iova, 0x1000 + physical, Page + size, ReadWrite)));
        Assert.Null(rig.Dma(0x1000));
        Assert.Equal(iova + size == 0 ? 0x1000L : 0, rig.Run(rig.Driver.Unmap(domain, SmmuRig.MappedIova + iova, Page + size)));
    }

    [Fact]
    public void A_mapped_page_is_overwritten_in_silence_and_counted_once()
    {
        using var rig = SmmuRig.Of("tegra30");
        var domain = rig.Attached();
        rig.Dma();

        Assert.Equal(0, rig.Run(rig.Driver.Map(domain, SmmuRig.MappedIova, SmmuRig.PageB, Page, Protection.Read)));
        Assert.Equal(SmmuRig.PageB, rig.Dma());
        Assert.Equal((long)Page, rig.Run(rig.Driver.Unmap(domain, SmmuRig.MappedIova, Page)));

        Assert.Equal(1, rig.Frames.Freed);
        Assert.Equal(0u, rig.Memory.Read32(domain.Tables!.Directory + (4 * (SmmuRig.MappedIova >> 22))));
    }

    [Fact]
    public void An_unmap_flushes_the_entry_then_the_directory_and_frees_the_table_last()
    {
        using var rig = SmmuRig.Of("tegra30");
        var domain = rig.Attached();
        Assert.Equal(0, rig.Run(rig.Driver.Map(domain, SmmuRig.MappedIova + Page, SmmuRig.PageB, Page, ReadWrite)));
        Assert.Equal(SmmuRig.PageA, rig.Dma());
        Assert.Equal(SmmuRig.PageB, rig.Dma(SmmuRig.MappedIova + Page));
        var seen = new List<(ulong?, ulong?, long)>();

        Assert.Equal(2 * (long)Page, rig.Run(
            rig.Driver.Unmap(domain, SmmuRig.MappedIova, 4 * Page), _ => seen.Add((rig.Dma(), rig.Dma(SmmuRig.MappedIova + Page), rig.Frames.Freed))));

        // PTC_FLUSH, TLB_FLUSH, read for each of: first entry, second entry, directory. A group flush drops both pages, the entry of the second is still there.
        Assert.Equal(
            [
                (SmmuRig.PageA, SmmuRig.PageB, 0), (null, SmmuRig.PageB, 0), (null, SmmuRig.PageB, 0),
                (null, SmmuRig.PageB, 0), (null, null, 0), (null, null, 0),
                (null, null, 0), (null, null, 0), (null, null, 0),
            ],
            seen);
        Assert.Equal(1, rig.Frames.Freed);
    }

    [Fact]
    public void An_address_beyond_32_bits_wraps_onto_the_tables()
    {
        using var rig = SmmuRig.Of("tegra30");
        var domain = rig.Attached();

        Assert.Equal(0, rig.Run(rig.Driver.Map(domain, 0x1_0000_5000, SmmuRig.PageB, Page, ReadWrite)));

        Assert.Equal(SmmuRig.PageB, rig.Dma(0x5000));
        Assert.Equal(SmmuRig.PageB, domain.Tables!.Lookup(0x5000));
    }

    [Fact]
    public void Physical_page_0_can_be_mapped_and_an_entry_without_rights_is_there()
    {
        using var rig = SmmuRig.Of("tegra30");
        var domain = rig.Attached();
        rig.Run(rig.Driver.Map(domain, 0x5000, 0, Page, ReadWrite));
        rig.Run(rig.Driver.Map(domain, 0x6000, SmmuRig.PageB, Page, Protection.None));

        Assert.Equal(0x44UL, rig.Dma(0x5044, DmaAccess.Write));
        Assert.Equal(SmmuRig.PageB, domain.Tables!.Lookup(0x6000));
        Assert.Null(rig.Dma(0x6000));
        Assert.Equal((long)Page, rig.Run(rig.Driver.Unmap(domain, 0x6000, Page)));
    }

    [Fact]
    public void Tables_beyond_the_chip_s_reach_are_out_of_memory_and_a_failed_map_is_undone()
    {
        const ulong TooHigh = 1UL << 32;
        var frames = new ListedFrames(TooHigh, 0xa000_0000, 0xa000_1000, TooHigh);
        using var rig = new SmmuRig(TegraSmmuHardware.Tegra30, frames: frames);

        Assert.Equal(-(long)Errno.ENOMEM, rig.Run(rig.Driver.Attach(rig.Allocate(), SmmuRig.DisplayDevice)));
        Assert.Equal(SmmuRig.MappedIova, rig.Dma());
        var domain = rig.Allocate();
        Assert.Equal(0, rig.Run(rig.Driver.Attach(domain, SmmuRig.DisplayDevice)));
        Assert.Equal(-(long)Errno.ENOMEM, rig.Run(rig.Driver.Map(domain, 0x3f_f000, SmmuRig.PageA, 2 * Page, ReadWrite)));

        Assert.Equal(0, domain.Asid);
        Assert.Equal(2, frames.Freed);
        Assert.Null(domain.Tables!.Lookup(0x3f_f000));
        Assert.Null(rig.Dma(0x3f_f000));
    }

    [Fact]
    public void A_map_without_memory_for_its_second_table_is_undone()
    {
        using var memory = new PhysicalMemory(new MemoryRange(0, 3UL << 30));
        using var rig = new SmmuRig(TegraSmmuHardware.Tegra30, frames: new FrameAllocator(memory, 0xa000_0000, 2 * Page, OwnerTag.Host));
        var domain = rig.Allocate();
        rig.Run(rig.Driver.Attach(domain, SmmuRig.DisplayDevice));

        Assert.Equal(-(long)Errno.ENOMEM, rig.Run(rig.Driver.Map(domain, 0x3f_f000, SmmuRig.PageA, 2 * Page, ReadWrite)));

        Assert.Equal(1, rig.Frames.Freed);
        Assert.Null(domain.Tables!.Lookup(0x3f_f000));
        Assert.Null(rig.Dma(0x3f_f000));
    }

    // Entries that somebody else than the driver stores: flushed afterwards, tables freed last.
    [Theory]
    [InlineData("tegra30")]
    [InlineData("tegra124")]
    public void Pages_that_are_mapped_beside_the_driver_are_flushed_by_its_syncs(string variant)
    {
        using var rig = SmmuRig.Of(variant, options: new TegraSmmuOptions { Iotlb = IotlbGeometry.WithoutLimit });
        var domain = rig.Attached();
        var last = new InvalidationGather();
        Assert.Equal(Page, DomainPaging.Unmap(domain.Tables!, SmmuRig.MappedIova, Page, last));
        rig.Run(rig.Driver.Sync(domain, last));
        Assert.Null(rig.Dma());
        var gather = new InvalidationGather();
        Assert.Equal(Errno.None, DomainPaging.Map(domain.Tables!, SmmuRig.MappedIova, SmmuRig.PageB, 8 * Page, ReadWrite, gather).Errno);
        Assert.Null(rig.Dma());
        rig.Run(rig.Driver.SyncMap(domain, new Iova(SmmuRig.MappedIova), 8 * Page, gather));
        Assert.Equal(SmmuRig.PageB + (7 * Page), rig.Dma(SmmuRig.MappedIova + (7 * Page)));

        gather = new InvalidationGather();
        Assert.Equal(8 * Page, DomainPaging.Unmap(domain.Tables!, SmmuRig.MappedIova, 8 * Page, gather));
        Assert.Equal(1, rig.Frames.Freed);
        rig.Run(rig.Driver.Sync(domain, gather));

        Assert.Equal(2, rig.Frames.Freed);
        Assert.Null(rig.Dma(SmmuRig.MappedIova + (7 * Page)));

        // The table's page comes back as the first table of another domain: nothing of the old one may be in the page-table cache.
        var other = rig.Attached(0x2800_0000, SmmuRig.AudioDevice);
        Assert.Null(rig.Dma(SmmuRig.MappedIova + (7 * Page), client: SmmuRig.Audio));
        Assert.Equal(0x2800_0000UL, rig.Dma(client: SmmuRig.Audio));
        Assert.Equal(0x2800_0000UL, other.Tables!.Lookup(SmmuRig.MappedIova));
    }

    [Fact]
    public void A_domain_that_knows_its_SMMU_can_be_mapped_before_it_is_attached()
    {
        using var rig = SmmuRig.Of("tegra30");
        var domain = rig.Allocate();
        rig.Driver.Finalise(domain, SmmuRig.DisplayDevice);

        var trace = rig.Trace(rig.Driver.Map(domain, SmmuRig.MappedIova, SmmuRig.PageA, Page, ReadWrite));

        Assert.DoesNotContain(trace, access => access.StartsWith("w 30", StringComparison.Ordinal));
        rig.Run(rig.Driver.Attach(domain, SmmuRig.DisplayDevice));
        Assert.Equal(SmmuRig.PageA, rig.Dma());
    }

    [Theory]
    [InlineData("tegra30", 0x01u, "drm")]
    [InlineData("tegra30", 0x02u, "drm")]
    [InlineData("tegra30", 0x13u, "drm")]
    [InlineData("tegra30", 0x15u, "hda")]
    [InlineData("tegra124", 0x6cu, "drm")]
    [InlineData("tegra210", 0x6cu, "vic")]
    [InlineData("tegra210", 0x01u, "display")]
    [InlineData("tegra30", SmmuRig.Cpu, null)]
    public void Some_swgroups_share_a_group(string variant, uint client, string? group)
    {
        using var rig = SmmuRig.Of(variant);

        Assert.Equal(group, rig.Driver.GroupOf(SmmuRig.DeviceOf("device", client)));
    }

    [Theory]
    [MemberData(nameof(SmmuRig.Cases), MemberType = typeof(SmmuRig))]
    public void The_room_gives_each_device_a_swgroup_and_a_group_of_its_own_up_to_a_limit(string variant, KernelVersion kernel)
    {
        using var platform = TegraSmmuRoom.Room.Create(new PlatformOptions { Variant = variant, Kernel = kernel });
        var driver = (TegraSmmuDriver)platform.Driver;
        var devices = Enumerable.Range(0, 12).Select(platform.Device).ToList();

        Assert.Equal(12, devices.Select(driver.GroupOf).Distinct().Count());
        Assert.Equal(new StreamId(1), devices[0].Stream);
        Assert.Contains("there is no device 100", Assert.Throws<ArgumentOutOfRangeException>(() => platform.Device(100)).Message, StringComparison.Ordinal);
    }

    [Theory]
    [MemberData(nameof(SmmuRig.Cases), MemberType = typeof(SmmuRig))]
    public void Nothing_strays_from_the_declared_registers(string variant, KernelVersion kernel)
    {
        using var rig = SmmuRig.Of(variant, kernel);
        foreach (var swgroup in rig.Hardware.Swgroups.Take(4))
        {
            var device = SmmuRig.DeviceOf(swgroup.Name, (uint)swgroup.Clients[0]);
            var domain = rig.Attached(device: device);
            rig.Run(rig.Driver.Unmap(domain, SmmuRig.MappedIova, Page));
            rig.Run(rig.Driver.Detach(domain, device));
        }

        rig.Run(rig.Driver.HandleInterrupt());
        Assert.Equal(0, rig.Smmu.Registers.UndeclaredAccesses);
    }
}
