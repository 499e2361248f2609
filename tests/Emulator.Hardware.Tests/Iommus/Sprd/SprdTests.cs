using Emulator.Hardware.Dma;
using Emulator.Hardware.Drivers;
using Emulator.Hardware.Iommus.Sprd;
using Emulator.Hardware.Memory;
using Emulator.Hardware.PageTables;
using Emulator.Hardware.Translation;

namespace Emulator.Hardware.Tests.Iommus.Sprd;

public sealed class SprdTests
{
    [Theory]
    [InlineData(0x0abcd000, 0x8f123000, 0x1000, Protection.Read | Protection.Write, 0xabcd, 0x0008f123)]
    [InlineData(0x0abcd000, 0x8f123000, 0x1000, Protection.Read, 0xabcd, 0x0008f123)]
    [InlineData(0x00010000, 0x80000000, 0x10000, Protection.Read | Protection.Write, 0x1f, 0x0008000f)]
    [InlineData(0x0ffff000, 0x18f123000, 0x1000, Protection.Read | Protection.Write, 0xffff, 0x0008f123)]
    public void A_word_is_the_page_number_whatever_is_allowed_and_loses_what_is_above_32_bits(ulong iova, ulong page, ulong size, Protection protection, ulong index, uint word)
    {
        using var rig = new SprdRig("ex", KernelVersion.Linux61);
        var domain = rig.Domain();
        rig.Run(rig.Driver.Attach(domain, SprdRig.Device));
        Assert.Equal(0, rig.Map(domain, iova, page, size, protection));
        Assert.Equal(word, rig.Memory.Read32(((SprdPageTable)domain.PageTable!).Address + (index * 4)));
        Assert.Equal(((ulong)word << 12) + 5, rig.Dma((index << 12) + 5, DmaAccess.Write));
    }

    [Theory]
    [MemberData(nameof(SprdRig.Cases), MemberType = typeof(SprdRig))]
    public void The_attach_programs_table_aperture_and_protect_page_and_turns_translation_on(string variant, KernelVersion kernel)
    {
        using var rig = new SprdRig(variant, kernel);
        Assert.Equal(SprdRig.Iova, rig.Dma());
        var domain = rig.Attached();
        Assert.Equal(((SprdPageTable)domain.PageTable!).Address >> 12, rig.Register(SprdRegisters.FirstPpn));
        Assert.Equal(0UL, rig.Register(rig.Hardware.FirstVpn));
        Assert.Equal(0xffffUL, rig.Register(rig.Hardware.VpnRange));
        Assert.Equal(3UL, rig.Register(rig.Hardware.Configuration) & 0xff);
        Assert.Equal(rig.Hardware.Version, (uint)rig.Register(SprdRegisters.Version) >> 8);
        if (rig.Hardware.DefaultPpnOfWrites is { } writes)
            Assert.Equal(rig.ProtectPage >> 12, rig.Register(writes));
        Assert.Equal(OwnerTag.ProtectBuffer, rig.Memory.OwnerOf(rig.ProtectPage));
        Assert.Equal(SprdRig.PageA, rig.Dma());
    }

    [Theory]
    [InlineData(DmaAccess.Read)]
    [InlineData(DmaAccess.Write)]
    public void What_is_not_mapped_goes_to_the_protect_page_and_is_recorded_nowhere(DmaAccess access)
    {
        using var rig = new SprdRig("vau", KernelVersion.Linux61);
        rig.Attached();
        Assert.Equal(rig.ProtectPage + 0x123, rig.Dma(0x0abc_e123, access));
        Assert.Equal(rig.ProtectPage, rig.Dma(SprdPageTable.ApertureSize, access));
        Assert.Equal(2, rig.Units[0].Protected);
        Assert.Equal(0, rig.Units[0].Faults.Take(new FaultRecord[1]));
        Assert.False(rig.Units[0].InterruptAsserted);
    }

    [Fact]
    public void Reads_and_writes_may_have_protect_pages_of_their_own_in_VAU()
    {
        using var rig = new SprdRig("vau", KernelVersion.Linux61);
        rig.Attached();
        rig.Units[0].Registers.Write(0x14, 4, 0x11111);
        rig.Units[0].Registers.Write(0x18, 4, 0x22222);
        Assert.Equal(0x1111_1000UL, rig.Dma(0, DmaAccess.Read));
        Assert.Equal(0x2222_2000UL, rig.Dma(0, DmaAccess.Write));
    }

    [Fact]
    public void Addresses_out_of_range_pass_when_firmware_left_the_bypass_bit_set()
    {
        using var rig = new SprdRig("ex", KernelVersion.Linux61, new SprdOptions { ResetConfiguration = SprdRegisters.OutOfRangeBypass });
        rig.Attached();
        Assert.Equal(0x13UL, rig.Register(0) & 0xff);
        Assert.Equal(0x1000_0040UL, rig.Dma(0x1000_0040, DmaAccess.Write));
        Assert.Equal(rig.ProtectPage, rig.Dma(0x0fff_f000));
    }

    [Fact]
    public void Silicon_that_refuses_while_it_is_off_can_be_chosen()
    {
        using var rig = new SprdRig("ex", KernelVersion.Linux61, new SprdOptions { PassesWhileDisabled = false });
        Assert.Null(rig.Dma());
    }

    [Theory]
    [MemberData(nameof(SprdRig.Cases), MemberType = typeof(SprdRig))]
    public void A_translation_stays_until_UPDATE_is_written(string variant, KernelVersion kernel)
    {
        using var rig = new SprdRig(variant, kernel);
        var domain = rig.Attached();
        Assert.Equal(SprdRig.PageA, rig.Dma());
        domain.PageTable!.Unmap(SprdRig.Iova, 0x1000, 1, new InvalidationGather());
        Assert.Equal(SprdRig.PageA, rig.Dma());
        rig.Run(rig.Driver.Sync(domain, new InvalidationGather()));
        Assert.Equal(rig.ProtectPage, rig.Dma());
    }

    [Fact]
    public void Linux_6_1_frees_the_table_while_the_silicon_still_walks_it()
    {
        using var rig = new SprdRig("ex", KernelVersion.Linux61, new SprdOptions { Iotlb = IotlbGeometry.WithoutCaching });
        var domain = rig.Attached();
        var steps = new List<(string Step, ulong? Landed)>();
        var taken = false;
        foreach (var step in rig.Driver.Detach(domain, SprdRig.Device))
        {
            // The next one to allocate gets the block: here another domain's table.
            if (!taken)
                rig.Attached(SprdRig.PageB, SprdRig.Other);
            taken = true;
            steps.Add((rig.Bus.Describe(step), rig.Dma()));
            rig.Bus.Perform(step);
        }

        Assert.Equal(2, steps.Count);
        Assert.All(steps, step => Assert.Equal(SprdRig.PageB, step.Landed));
        Assert.Equal(SprdRig.Iova, rig.Dma());
        Assert.Equal(SprdRig.Iova, rig.Dma(access: DmaAccess.Write));
    }

    [Fact]
    public void The_next_attach_wakes_the_translations_that_the_detach_left()
    {
        using var rig = new SprdRig("ex", KernelVersion.Linux61);
        var domain = rig.Attached();
        Assert.Equal(SprdRig.PageA, rig.Dma());
        rig.Run(rig.Driver.Detach(domain, SprdRig.Device));
        Assert.Equal(SprdRig.Iova, rig.Dma());
        var next = rig.Domain();
        rig.Run(rig.Driver.Attach(next, SprdRig.Device));
        Assert.Equal(SprdRig.PageA, rig.Dma());
        rig.Map(next, 0, 0x1000, 0x1000);
        Assert.Equal(rig.ProtectPage, rig.Dma());
    }

    [Fact]
    public void Linux_6_1_refuses_a_domain_that_has_a_device_and_never_returns_to_one_it_left_without_a_detach()
    {
        using var rig = new SprdRig("ex", KernelVersion.Linux61);
        var a = rig.Attached();
        var b = rig.Attached(SprdRig.PageB);
        Assert.Equal(SprdRig.PageB, rig.Dma());
        Assert.Equal(-(long)Errno.EINVAL, rig.Run(rig.Driver.Attach(a, SprdRig.Device)));
        Assert.Equal(-(long)Errno.EINVAL, rig.Run(rig.Driver.Attach(b, SprdRig.Other)));
        Assert.Equal(SprdRig.PageB, rig.Dma());
    }

    [Fact]
    public void Linux_6_12_passes_through_identity_from_one_table_to_the_next()
    {
        using var rig = new SprdRig("ex", KernelVersion.Linux612);
        var a = rig.Attached();
        var b = rig.Domain();
        var landed = new List<ulong?>();
        rig.Run(rig.Driver.Attach(b, SprdRig.Device), _ => landed.Add(rig.Dma()));
        Assert.Contains(SprdRig.Iova, landed);
        Assert.Empty(rig.Driver.Attach(b, SprdRig.Device));
        rig.Run(rig.Driver.Attach(a, SprdRig.Device));
        Assert.Equal(SprdRig.PageA, rig.Dma());
    }

    [Fact]
    public void Linux_6_12_has_a_default_domain_in_place_of_the_detach()
    {
        using var rig = new SprdRig("ex", KernelVersion.Linux612, new SprdOptions { Iotlb = IotlbGeometry.WithoutCaching });
        var a = rig.Attached();
        rig.Run(rig.Driver.Detach(a, SprdRig.Device));
        Assert.Equal(rig.ProtectPage, rig.Dma());
    }

    [Fact]
    public void A_6_12_domain_at_a_second_instance_programs_the_table_of_its_first()
    {
        using var rig = new SprdRig("ex", KernelVersion.Linux612);
        var a = rig.Attached();
        rig.Attached(SprdRig.PageB, SprdRig.Other);
        var table = rig.Units[1].Registers.Read(SprdRegisters.FirstPpn, 4);
        rig.Run(rig.Driver.Attach(rig.Domain(), SprdRig.Device));
        Assert.Equal(rig.ProtectPage, rig.Dma());
        rig.Run(rig.Driver.Attach(a, SprdRig.Other));
        Assert.Equal(table, rig.Units[1].Registers.Read(SprdRegisters.FirstPpn, 4));
        Assert.Equal(SprdRig.PageB, rig.Dma(unit: 1));
        Assert.Equal(SprdRig.PageA, rig.Dma());
    }

    [Theory]
    [MemberData(nameof(SprdRig.Cases), MemberType = typeof(SprdRig))]
    public void Freeing_a_domain_that_was_left_turns_translation_off_under_the_next(string variant, KernelVersion kernel)
    {
        using var rig = new SprdRig(variant, kernel);
        var a = rig.Attached();
        var b = rig.Attached(SprdRig.PageB);
        Assert.Equal(SprdRig.PageB, rig.Dma());
        rig.Run(rig.Driver.FreeDomain(a));
        Assert.Equal(SprdRig.Iova, rig.Dma());
        rig.Run(rig.Driver.Attach(b, SprdRig.Device));
        Assert.Equal(SprdRig.Iova, rig.Dma());
    }

    [Fact]
    public void An_unmap_after_the_detach_of_6_1_clears_words_of_whoever_has_the_memory_now()
    {
        using var rig = new SprdRig("ex", KernelVersion.Linux61);
        var a = rig.Attached();
        rig.Run(rig.Driver.Detach(a, SprdRig.Device));
        rig.Attached(SprdRig.PageB, SprdRig.Other);
        Assert.Equal(0, rig.Run(((IIommuDriver)rig.Driver).Unmap(a, SprdRig.Iova, 0x1000)));
        Assert.NotEqual(SprdRig.PageB, rig.Dma(unit: 1));
    }

    [Fact]
    public void A_6_1_map_that_runs_out_of_the_aperture_leaves_all_but_one_chunk_mapped_and_syncs()
    {
        using var rig = new SprdRig("ex", KernelVersion.Linux61);
        var domain = rig.Attached();
        const ulong Start = SprdPageTable.ApertureSize - 0x3000;
        Assert.Equal(SprdRig.PageA, rig.Dma());
        Assert.Equal(-(long)Errno.EINVAL, rig.Map(domain, Start, 0x4000_5000, 0x4000));
        Assert.Equal([0UL, 0x4000_6000UL, 0x4000_7000UL], new[] { Start, Start + 0x1000, Start + 0x2000 }.Select(iova => domain.PageTable!.Lookup(iova)!.Value));
        Assert.Equal(0x4000_7000UL, rig.Dma(Start + 0x2000));
    }

    [Fact]
    public void Unmap_of_6_1_clears_one_chunk_and_reports_nothing()
    {
        using var rig = new SprdRig("ex", KernelVersion.Linux61);
        var domain = rig.Attached();
        Assert.Equal(0, rig.Map(domain, 0x3000, 0x4000_3000, 0x3000));
        Assert.Equal(0, rig.Run(((IIommuDriver)rig.Driver).Unmap(domain, 0x3000, 0x3000)));
        Assert.Equal([0UL, 0x4000_4000UL, 0x4000_5000UL], new[] { 0x3000UL, 0x4000UL, 0x5000UL }.Select(iova => domain.PageTable!.Lookup(iova)!.Value));
        Assert.Equal(0x10UL, domain.PageTable!.Lookup(0x3010));
    }

    [Fact]
    public void Unmap_of_6_12_reports_its_size()
    {
        using var rig = new SprdRig("ex", KernelVersion.Linux612);
        var domain = rig.Attached();
        Assert.Equal(0, rig.Map(domain, 0x3000, 0x4000_3000, 0x3000));
        Assert.Equal(0x3000, rig.Run(((IIommuDriver)rig.Driver).Unmap(domain, 0x3000, 0x3000)));
        Assert.Equal(0UL, domain.PageTable!.Lookup(0x5000));
    }

    [Theory]
    [MemberData(nameof(SprdRig.Cases), MemberType = typeof(SprdRig))]
    public void Mapping_wants_an_attached_domain_and_an_address_in_the_aperture(string variant, KernelVersion kernel)
    {
        using var rig = new SprdRig(variant, kernel);
        Assert.Equal(-(long)Errno.EINVAL, rig.Map(rig.Domain(), 0, 0x1000, 0x1000));
        var domain = rig.Attached();
        Assert.Equal(-(long)Errno.EINVAL, rig.Map(domain, SprdPageTable.ApertureSize, 0x1000, 0x1000));
        Assert.Equal(0, rig.Map(domain, SprdPageTable.ApertureSize - 0x1000, 0x1000, 0x1000));
        Assert.Equal(0, rig.Map(domain, SprdRig.Iova, 0x2000, 0x1000));
        Assert.Equal(0x2000UL, rig.Dma());
    }

    [Fact]
    public void Freeing_a_domain_that_is_attached_frees_its_table_and_turns_translation_off()
    {
        using var rig = new SprdRig("vau", KernelVersion.Linux61);
        var domain = rig.Attached();
        var freed = rig.Frames.Freed;
        rig.Run(rig.Driver.FreeDomain(domain));
        Assert.Equal(freed + 1, rig.Frames.Freed);
        Assert.Equal(SprdRig.Iova, rig.Dma());
        Assert.Empty(rig.Driver.FreeDomain(domain));
    }

    [Theory]
    [InlineData(DomainType.Identity)]
    [InlineData(DomainType.Blocked)]
    public void There_is_no_identity_and_no_blocking_domain(DomainType type)
    {
        using var rig = new SprdRig("ex", KernelVersion.Linux612);
        Assert.Equal(Errno.EINVAL, Assert.Throws<DriverException>(() => rig.Driver.AllocateDomain(type)).Errno);
        Assert.False(rig.Driver.HasNativeBlocking);
        Assert.Equal(Errno.EOPNOTSUPP, Assert.Throws<DriverException>(() => rig.Driver.Block(SprdRig.Device)).Errno);
    }

    [Fact]
    public void A_version_that_the_driver_does_not_know_is_refused_and_its_protect_page_given_back()
    {
        using var memory = new PhysicalMemory(new MemoryRange(0, 1UL << 30));
        var frames = new FrameAllocator(memory, 0x1000_0000, 0x100_0000, OwnerTag.Host);
        var driver = new SprdDriver(KernelVersion.Linux61, SprdHardware.Ex, memory, frames);
        var bus = new Bus(memory, new SprdIommu("odd", memory, SprdHardware.Ex with { Version = 7 }));
        Assert.Equal(-(long)Errno.EINVAL, bus.Run(driver.Probe()));
        Assert.Equal(1, frames.Freed);
        Assert.Equal(-(long)Errno.ENODEV, bus.Run(driver.ProbeDevice(SprdRig.Device)));
    }

    [Fact]
    public void Translate_allocates_nothing()
    {
        using var rig = new SprdRig("ex", KernelVersion.Linux61);
        rig.Attached();
        var requests = Enumerable.Range(0, 256).Select(i => new DmaRequest(new StreamId(0), new Iova(SprdRig.Iova + ((ulong)i << 9)), DmaAccess.Write)).ToArray();
        var completions = new DmaCompletion[256];
        rig.Units[0].Translate(requests, completions);
        Assert.Equal(0, Allocations.Of(() =>
        {
            for (var i = 0; i < 100; i++)
                rig.Units[0].Translate(requests, completions);
        }));
    }
}
