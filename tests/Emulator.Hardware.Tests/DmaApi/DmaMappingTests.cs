using Emulator.Hardware.Dma;
using Emulator.Hardware.DmaApi;
using Emulator.Hardware.Drivers;

namespace Emulator.Hardware.Tests.DmaApi;

/// <summary>The DMA API over real drivers and silicon: what a device reaches after each call, in each mode.</summary>
public class DmaMappingTests
{
    private const ulong Memory = 0x1234_5000;
    private const long Millisecond = 1_000_000_000;

    [Theory]
    [InlineData("intel")]
    [InlineData("amd")]
    [InlineData("arm-smmu-v3")]
    public void Strict_blocks_the_device_when_the_unmap_returns(string iommu)
    {
        using var rig = new DmaRig(iommu);
        var address = rig.Dma.MapPage(Memory + 0x10, 0x20, DmaDirection.FromDevice, 0, 0);
        Assert.Equal(0xffff_f010UL, address);
        Assert.Equal(Memory + 0x10, rig.Send(address));
        rig.Dma.UnmapPage(address, 0x20, 0, 0);
        Assert.Null(rig.Send(address));
        Assert.Equal((1L, 1L, 1L, 1L, 1L, 0L, 0x20UL), Counts(rig.Dma));
        Assert.Equal(address, rig.Dma.MapPage(Memory + 0x10, 0x20, DmaDirection.FromDevice, 0, 0));
        Assert.Equal(1, rig.Dma.Iovas.CacheAllocations);
    }

    [Theory]
    [InlineData("intel")]
    [InlineData("amd")]
    [InlineData("arm-smmu-v3")]
    public void Lazy_leaves_the_device_in_the_memory_until_the_flush(string iommu)
    {
        using var rig = new DmaRig(iommu, new DmaMappingOptions { Mode = DmaMode.Lazy });
        var address = rig.Dma.MapPage(Memory, 4096, DmaDirection.FromDevice, 0, 0);
        Assert.Equal(Memory, rig.Send(address));
        rig.Dma.UnmapPage(address, 4096, 0, Millisecond);
        Assert.Equal(0UL, DomainMapping.IovaToPhys(rig.Domain, address));
        Assert.Equal(Memory, rig.Send(address));
        Assert.True(rig.Dma.IsExposed(address));
        Assert.Equal(16 * Millisecond, rig.Dma.NextTimerPs);
        rig.Dma.Advance((16 * Millisecond) - 1);
        Assert.Equal(Memory, rig.Send(address));
        rig.Dma.Advance(16 * Millisecond);
        Assert.Null(rig.Send(address));
        Assert.False(rig.Dma.IsExposed(address));
        Assert.Equal((1L, 1L, 1L, 1L, 0L, 1L, 4096UL), Counts(rig.Dma));
        Assert.Equal(15 * Millisecond, rig.Dma.Queue!.LongestExposurePs);
    }

    [Fact]
    public void A_strict_domain_becomes_lazy_while_it_is_in_use()
    {
        using var rig = new DmaRig("intel");
        var address = rig.Dma.MapPage(Memory, 4096, DmaDirection.FromDevice, 0, 0);
        rig.Dma.BecomeLazy();
        Assert.Equal(DomainType.DmaFlushQueue, rig.Domain.Type);
        Assert.Equal(Memory, rig.Send(address));
        rig.Dma.UnmapPage(address, 4096, 0, 0);
        Assert.Equal(Memory, rig.Send(address));
        rig.Dma.Advance(rig.Dma.NextTimerPs);
        Assert.Null(rig.Send(address));
    }

    [Fact]
    public void A_flush_of_Qualcomms_driver_only_waits_so_a_lazy_domain_stays_open()
    {
        using var rig = new DmaRig("qcom_iommu");
        rig.Dma.BecomeLazy();
        var address = rig.Dma.MapPage(Memory, 4096, DmaDirection.FromDevice, 0, 0);
        Assert.Equal(Memory, rig.Send(address));
        rig.Dma.UnmapPage(address, 4096, 0, 0);
        rig.Dma.Advance(rig.Dma.NextTimerPs);
        Assert.False(rig.Dma.IsExposed(address));
        Assert.Equal(Memory, rig.Send(address));
    }

    [Fact]
    public void A_sync_invalidates_its_own_unmap_and_no_earlier_one()
    {
        using var rig = new DmaRig("arm-smmu-v3");
        var steps = new List<long>();
        for (var i = 0; i < 3; i++)
        {
            var address = rig.Dma.MapPage(Memory, 4096, DmaDirection.FromDevice, 0, 0);
            var before = rig.Steps;
            rig.Dma.UnmapPage(address, 4096, 0, 0);
            steps.Add(rig.Steps - before);
        }

        Assert.Equal(steps[0], steps[2]);
    }

    [Fact]
    public void Pass_through_gives_the_physical_address_and_maps_nothing()
    {
        using var rig = new DmaRig("intel", new DmaMappingOptions { Mode = DmaMode.PassThrough, MaskBits = 32 });
        var address = rig.Dma.MapPage(Memory + 1, 2, DmaDirection.FromDevice, 0, 0);
        Assert.Equal(Memory + 1, address);
        Assert.Equal(address, rig.Send(address));
        rig.Dma.UnmapPage(address, 2, 0, 0);
        Assert.Equal(address, rig.Send(address));
        Assert.Equal((1L, 1L, 0L, 0L, 0L, 0L, 2UL), Counts(rig.Dma));
        Assert.Equal(DmaMapping.Error, rig.Dma.MapPage(0xffff_ffff, 2, DmaDirection.FromDevice, 0, 0));
        var mapped = new DmaSegment[2];
        Assert.Equal(2, rig.Dma.MapScatterList([new(0x1000, 4096), new(0x2000, 4096)], mapped, DmaDirection.ToDevice, 0, 0));
        Assert.Equal([new DmaSegment(0x1000, 4096), new DmaSegment(0x2000, 4096)], mapped);
    }

    [Theory]
    [InlineData(DmaDirection.ToDevice, true, false)]
    [InlineData(DmaDirection.FromDevice, false, true)]
    [InlineData(DmaDirection.Bidirectional, true, true)]
    public void A_direction_allows_what_it_needs(DmaDirection direction, bool reads, bool writes)
    {
        using var rig = new DmaRig("amd");
        var address = rig.Dma.MapPage(Memory, 1, direction, 0, 0);
        Assert.Equal(reads, rig.Send(address, DmaAccess.Read) != null);
        Assert.Equal(writes, rig.Send(address, DmaAccess.Write) != null);
    }

    [Fact]
    public void A_scatter_list_is_one_range_mapped_by_its_contiguous_parts()
    {
        using var rig = new DmaRig("intel");
        ScatterSegment[] list = [new(0x10_0800, 0x800), new(0x10_1000, 0x1000), new(0x20_0000, 0x1000), new(0x30_0000, 0x200)];
        var mapped = new DmaSegment[4];
        Assert.Equal(1, rig.Dma.MapScatterList(list, mapped, DmaDirection.FromDevice, 0, 0));
        Assert.Equal(new DmaSegment(0xffff_c800, 0x2a00), mapped[0]);
        Assert.Equal(3, rig.Dma.Counts.IommuMaps);
        Assert.Equal(0x20_0000UL, rig.Send(0xffff_e000));
        rig.Dma.UnmapScatterList(mapped.AsSpan(0, 1), 0, 0);
        Assert.Null(rig.Send(0xffff_e000));
        Assert.Equal((1L, 1L), (rig.Dma.Counts.IommuUnmaps, rig.Dma.Counts.Syncs));
    }

    [Fact]
    public void Coherent_memory_is_contiguous_for_the_device_and_a_doorbell_is_mapped_once()
    {
        using var rig = new DmaRig("arm-smmu-v3");
        var address = rig.Dma.AllocateCoherent([new(0x10_0000, 0x1000), new(0x30_0000, 0x2000)], 0, 0);
        Assert.Equal(0xffff_c000UL, address);
        Assert.Equal(0x30_1000UL, rig.Send(address + 0x2000, DmaAccess.Read));
        var doorbell = rig.Dma.MapDoorbell(0x809_0040, 0, 0);
        Assert.Equal(doorbell, rig.Dma.MapDoorbell(0x809_0040, 0, 0));
        Assert.Equal(0x809_0040UL, DomainMapping.IovaToPhys(rig.Domain, doorbell));
        rig.Dma.FreeCoherent(address, 0x3000, 0, 0);
        Assert.Null(rig.Send(address));
        Assert.Equal((2L, 3L, 1L), (rig.Dma.Counts.Maps, rig.Dma.Counts.IommuMaps, rig.Dma.Counts.IommuUnmaps));
        Assert.Equal(DmaMapping.Error, rig.Dma.AllocateCoherent([], 0, 0));
    }

    [Theory]
    [InlineData(KernelVersion.Linux61, 0xffff_f000UL)]
    [InlineData(KernelVersion.Linux612, 0xffff_ffff_d000UL)]
    public void When_4_GiB_are_full_61_still_asks_there_first_and_612_no_more(KernelVersion kernel, ulong afterFree)
    {
        using var rig = new DmaRig("intel", new DmaMappingOptions { Reserved = [(0, 0xffff_efff)] }, kernel);
        var low = rig.Dma.MapPage(Memory, 1, DmaDirection.FromDevice, 0, 0);
        Assert.Equal(0xffff_f000UL, low);
        Assert.Equal(0xffff_ffff_f000UL, rig.Dma.MapPage(Memory, 1, DmaDirection.FromDevice, 0, 0));
        var other = rig.Dma.MapPage(Memory, 1, DmaDirection.FromDevice, 0, 0);
        Assert.Equal(0xffff_ffff_e000UL, other);
        rig.Dma.UnmapPage(low, 1, 0, 0);
        rig.Dma.Iovas.FlushCaches();
        Assert.Equal(afterFree, rig.Dma.MapPage(Memory, 1, DmaDirection.FromDevice, 0, 0));
    }

    [Fact]
    public void A_device_of_32_bits_gets_an_error_when_they_are_used_up()
    {
        using var rig = new DmaRig("intel", new DmaMappingOptions { MaskBits = 32, Reserved = [(0, 0xffff_efff)] });
        Assert.Equal(0xffff_f000UL, rig.Dma.MapPage(Memory, 1, DmaDirection.FromDevice, 0, 0));
        Assert.Equal(DmaMapping.Error, rig.Dma.MapPage(Memory, 1, DmaDirection.FromDevice, 0, 0));
        Assert.Equal((1L, 1L), (rig.Dma.Counts.Maps, rig.Dma.Counts.FailedMaps));
        Assert.Equal(0, rig.Dma.MapScatterList([new(Memory, 1)], new DmaSegment[1], DmaDirection.FromDevice, 0, 0));
    }

    [Fact]
    public void What_cannot_be_mapped_leaves_nothing_mapped_and_its_address_is_free_again()
    {
        using var rig = new DmaRig("arm-smmu-v3");
        Assert.Equal(0, rig.Dma.MapScatterList([new(Memory, 4096), new(1UL << 60, 4096)], new DmaSegment[2], DmaDirection.FromDevice, 0, 0));
        Assert.Equal(0UL, DomainMapping.IovaToPhys(rig.Domain, 0xffff_e000));
        Assert.Equal(0xffff_e000UL, rig.Dma.AllocateCoherent([new(Memory, 8192)], 0, 0));
    }

    [Fact]
    public void Drivers_that_map_by_themselves_are_called_for_each_part_and_cannot_be_lazy()
    {
        using var rig = new DmaRig("rockchip");
        var address = rig.Dma.MapPage(0x40_0000, 4096, DmaDirection.FromDevice, 0, 0);
        Assert.Equal(0x40_0000UL, rig.Send(address));
        rig.Dma.UnmapPage(address, 4096, 0, 0);
        Assert.Null(rig.Send(address));
        Assert.Throws<ArgumentException>(() => new DmaMapping(rig.Driver, rig.Domain, rig.Run, new DmaMappingOptions { Mode = DmaMode.Lazy }));
    }

    [Fact]
    public void Options_that_do_not_fit_are_refused()
    {
        using var rig = new DmaRig("intel");
        Assert.Throws<ArgumentException>(() => new DmaMapping(rig.Driver, rig.Domain, rig.Run, new DmaMappingOptions { Granule = 2048 }));
        Assert.Throws<ArgumentException>(() => new DmaMapping(rig.Driver, rig.Domain, rig.Run, new DmaMappingOptions { SegmentBoundary = 0x1234 }));
        Assert.Throws<ArgumentOutOfRangeException>(() => new DmaMapping(rig.Driver, rig.Domain, rig.Run, new DmaMappingOptions { MaskBits = 65 }));
        Assert.Throws<ArgumentException>(() => new DmaMapping(rig.Driver, rig.Driver.AllocateDomain(DomainType.Identity), rig.Run));
    }

    private static (long, long, long, long, long, long, ulong) Counts(DmaMapping dma) =>
        (dma.Counts.Maps, dma.Counts.Unmaps, dma.Counts.IommuMaps, dma.Counts.IommuUnmaps, dma.Counts.Syncs, dma.Counts.Flushes, dma.Counts.Bytes);
}
