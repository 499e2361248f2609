using Emulator.Hardware.Dma;
using Emulator.Hardware.Drivers;
using Emulator.Hardware.Iommus.Omap;
using Emulator.Hardware.PageTables;

namespace Emulator.Hardware.Tests.Iommus.Omap;

public sealed class DriverTests
{
    [Theory]
    [InlineData(KernelVersion.Linux61, Errno.EBUSY)]
    [InlineData(KernelVersion.Linux612, Errno.EINVAL)]
    public void A_domain_has_one_device(KernelVersion kernel, Errno errno)
    {
        using var rig = OmapRig.Of("tlb8", kernel);
        var domain = rig.Attached();
        var second = new DmaDevice("second", rig.Device.Streams);

        Assert.Equal(-(long)errno, rig.Run(rig.Driver.Attach(domain, second)));

        Assert.Empty(rig.Driver.Detach(domain, second));
        Assert.Equal(OmapRig.Frame, rig.Dma());
    }

    [Fact]
    public void Linux_6_1_has_unmanaged_domains_alone_and_6_12_has_identity_and_DMA_domains()
    {
        using var old = OmapRig.Of("tlb8");
        using var recent = OmapRig.Of("tlb8", KernelVersion.Linux612);

        Assert.All((DomainType[])[DomainType.Identity, DomainType.Dma, DomainType.Blocked], type => Assert.Throws<DriverException>(() => old.Driver.AllocateDomain(type)));
        Assert.False(recent.Driver.AllocateDomain(DomainType.Identity).IsPaging);
        Assert.True(recent.Driver.AllocateDomain(DomainType.Dma).IsPaging);
        Assert.Equal(Errno.EINVAL, Assert.Throws<DriverException>(() => recent.Driver.AllocateDomain(DomainType.Blocked)).Errno);
        Assert.Equal(Errno.EOPNOTSUPP, Assert.Throws<DriverException>(() => recent.Driver.Block(recent.Device)).Errno);
        Assert.Equal(new DomainGeometry(0, uint.MaxValue), recent.Domain().Geometry);
    }

    [Fact]
    public void An_MMU_that_is_not_there_is_named()
    {
        using var rig = OmapRig.Of("tlb8");
        var device = new DmaDevice("far", [new StreamBinding(3, new StreamId(0))]);

        Assert.Contains("MMU 3", Assert.Throws<DriverException>(() => rig.Driver.ProbeDevice(device)).Message, StringComparison.Ordinal);
    }

    [Fact]
    public void Without_a_device_a_domain_maps_nothing_and_a_detach_loses_what_it_mapped()
    {
        using var rig = OmapRig.Of("tlb8");
        var domain = rig.Domain();
        rig.Driver.Finalise(domain, rig.Device);
        Assert.Null(domain.PageTable);
        Assert.Equal(-(long)Errno.EINVAL, rig.Map(domain, OmapRig.Page, OmapRig.Frame, 0x1000));
        Assert.Equal(0, rig.Run(rig.Driver.Unmap(domain, OmapRig.Page, 0x1000)));

        rig.Run(rig.Driver.Attach(domain, rig.Device));
        rig.Map(domain, OmapRig.Page, OmapRig.Frame, 0x1000);
        rig.Run(rig.Driver.Detach(domain, rig.Device));
        rig.Run(rig.Driver.Attach(domain, rig.Device));

        Assert.Null(rig.Dma());
        Assert.Null(domain.Tables!.Lookup(OmapRig.Page));
    }

    [Theory]
    [InlineData(0x6001_2800, 0x1000_0000, 0x1000)]
    [InlineData(0x6001_2000, 0x1000_0800, 0x1000)]
    [InlineData(0x6001_2000, 0x1000_0000, 0x1800)]
    public void What_is_not_aligned_to_4_KiB_is_refused_untouched(ulong iova, ulong physical, ulong size)
    {
        using var rig = OmapRig.Of("tlb8");
        var domain = rig.Attached();

        Assert.Equal(-(long)Errno.EINVAL, rig.Map(domain, iova, physical, size));
        Assert.Equal(OmapRig.Frame, rig.Dma());
    }

    [Fact]
    public void A_size_that_no_page_has_is_refused()
    {
        using var rig = OmapRig.Of("tlb8");
        var domain = rig.Attached();

        Assert.Equal(-(long)Errno.EINVAL, rig.Run(rig.Driver.MapPage(domain, 0x7000_0000, 0x1000_0000, 0x2000)));
        Assert.Equal(-(long)Errno.EINVAL, rig.Run(rig.Driver.MapPage(domain, 0x7000_0000, 0x1000_0000, 0)));
    }

    [Fact]
    public void A_64_KiB_page_that_is_not_aligned_leaves_an_empty_table_behind()
    {
        using var rig = OmapRig.Of("tlb8");
        var domain = rig.Domain();
        rig.Run(rig.Driver.Attach(domain, rig.Device));

        Assert.Equal(-(long)Errno.EINVAL, rig.Run(rig.Driver.MapPage(domain, 0x7000_0000, 0x1000_1000, 0x10000)));

        Assert.Equal(1u, rig.Memory.Read32(OmapRig.Root + 0x1c00) & 3);
        Assert.Equal(0, rig.Frames.Freed);
        // A hole counts as a page, and that its table is empty shows now.
        Assert.Equal(0x1000, rig.Run(rig.Driver.Unmap(domain, 0x7000_0000, 0x1000)));
        Assert.Equal((0u, 1L), (rig.Memory.Read32(OmapRig.Root + 0x1c00), rig.Frames.Freed));
    }

    [Theory]
    [InlineData(0x10000UL, 0x7000_3000UL, 0x7000_0000UL)]
    [InlineData(0x100000UL, 0x7004_0000UL, 0x7000_0000UL)]
    [InlineData(0x1000000UL, 0x7030_0000UL, 0x7000_0000UL)]
    public void An_unmap_takes_the_whole_block_from_its_start_and_says_so(ulong size, ulong from, ulong start)
    {
        using var rig = OmapRig.Of("tlb8");
        var domain = rig.Attached();
        rig.Map(domain, start, 0x1000_0000, size);

        Assert.Equal((long)size, rig.Run(rig.Driver.Unmap(domain, from, 0x1000)));

        Assert.Null(domain.Tables!.Lookup(start));
        Assert.Null(domain.Tables.Lookup(start + size - 0x1000));
    }

    [Fact]
    public void A_live_entry_is_overwritten_and_a_table_under_a_section_is_lost()
    {
        using var rig = OmapRig.Of("tlb8");
        var domain = rig.Attached();
        rig.Dma();

        Assert.Equal(0, rig.Map(domain, OmapRig.Page & ~0xfffffUL, 0x2000_0000, 0x100000));

        // Only the entry of the section's first address was looked for.
        Assert.Equal(OmapRig.Frame, rig.Dma());
        rig.Write(OmapRegisters.Lock, 0);
        Assert.Equal(0x2001_3000UL, rig.Dma(OmapRig.Page + 0x1000));
        Assert.Null(rig.Dma());
        Assert.Equal(1u << (int)OmapFault.MultiHit, rig.Read(OmapRegisters.IrqStatus));
        rig.Run(rig.Driver.Detach(domain, rig.Device));
        // The root only; the leaf table never comes back.
        Assert.Equal(1, rig.Frames.Freed);
    }

    [Fact]
    public void The_scan_leaves_the_victim_at_its_last_entry_and_the_next_walk_replaces_that_one()
    {
        using var rig = OmapRig.Of("tlb8");
        var domain = rig.Attached();
        rig.Dma();
        rig.Map(domain, 0x7000_0000, 0x1000_0000, 0x1000);
        Assert.Equal(OmapRegisters.EncodeLock(0, 7), rig.Read(OmapRegisters.Lock));

        rig.Dma(0x7000_0000);

        rig.Write(OmapRegisters.Lock, OmapRegisters.EncodeLock(0, 7));
        Assert.Equal(0x7000_0006u, rig.Read(OmapRegisters.ReadCam));
    }

    [Theory]
    [InlineData(0x100000UL, 0x2000_0000UL)]
    [InlineData(0x1000000UL, 0x2004_0000UL)]
    public void A_small_page_mapped_into_a_section_is_written_into_the_mapped_memory(ulong section, ulong table)
    {
        using var rig = OmapRig.Of("tlb8");
        var domain = rig.Attached();
        rig.Map(domain, 0x7000_0000, 0x2000_0000, section);

        Assert.Equal(0, rig.Map(domain, 0x7001_2000, 0x3000_0000, 0x1000));

        Assert.Equal(0x3000_0002u, rig.Memory.Read32(table + 0x48));
        Assert.Equal(0x2001_2000UL, rig.Dma(0x7001_2000));
    }

    [Fact]
    public void A_range_is_cut_into_the_largest_pages()
    {
        using var rig = OmapRig.Of("tlb32");
        var domain = rig.Attached();

        Assert.Equal(0, rig.Map(domain, 0x70ff_f000, 0x10ff_f000, 0x1000 + 0x1000000 + 0x10000));

        Assert.Equal(0x1104_0002u, rig.Memory.Read32(OmapRig.Root + (0x710 << 2)));
        Assert.Equal(0x1200_0001u, rig.Memory.Read32((rig.Memory.Read32(OmapRig.Root + (0x720 << 2)) & ~0x3ffUL)));
        Assert.Equal(0x1011_000, rig.Run(rig.Driver.Unmap(domain, 0x70ff_f000, 0x1011_000)));
        Assert.Null(rig.Dma(0x7180_0000));
    }

    [Fact]
    public void Both_MMUs_of_a_DSP_have_the_same_mappings_in_their_own_tables()
    {
        using var rig = OmapRig.Of("dra7_dsp");
        var domain = rig.Attached();

        Assert.Equal([OmapRig.Root, OmapRig.Root + 0x4000], domain.Tables!.Roots);
        Assert.Equal((OmapRig.Frame, OmapRig.Frame), (rig.Dma(unit: 0), rig.Dma(unit: 1)));
        Assert.Equal(0x1000, rig.Run(rig.Driver.Unmap(domain, OmapRig.Page, 0x1000)));
        Assert.Equal((null, null), (rig.Dma(unit: 0), rig.Dma(unit: 1)));
    }

    [Fact]
    public void What_is_unmapped_beside_the_driver_is_flushed_by_its_sync()
    {
        using var rig = OmapRig.Of("dra7_dsp");
        var domain = rig.Attached();
        rig.Dma(unit: 0);
        rig.Dma(unit: 1);
        var gather = new InvalidationGather();

        Assert.Equal(0x1000UL, domain.Tables!.Unmap(OmapRig.Page, 0x1000, 1, gather));
        Assert.Equal((OmapRig.Frame, OmapRig.Frame), (rig.Dma(unit: 0), rig.Dma(unit: 1)));
        rig.Run(rig.Driver.Sync(domain, gather));

        Assert.Equal((null, null), (rig.Dma(unit: 0), rig.Dma(unit: 1)));
        Assert.Empty(rig.Driver.FlushAll(domain));
    }
}
