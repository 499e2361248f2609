using Emulator.Cli.Replay.Loads;
using Emulator.Hardware.DmaApi;

namespace Emulator.Cli.Tests.Replay.Loads;

/// <summary>How calls are put together from lines, where not every line is there.</summary>
public class DmaCallReaderTests
{
    private const string Attach = """
          init-1 [000] ..... 1.000000: dalloc: (intel_iommu_domain_alloc+0x0/0x120) type=TYPE
          init-1 [000] ..... 1.000001: dalloc_r: (x+0x0/0x1 <- intel_iommu_domain_alloc) dom=0x1000
          init-1 [000] ..... 1.000002: attach: (intel_iommu_attach_device+0x0/0x8c0) dom=0x1000 dev="0000:00:04.0"

        """;

    [Fact]
    public void A_scatter_list_has_the_parts_that_are_mapped_after_its_entry()
    {
        var calls = Read(3, """
              fio-7 [001] ..... 2.000000: dma_map_sg: (iommu_dma_map_sg+0x0/0x400) dev="0000:00:04.0" nents=3 dir=2
              fio-7 [001] ..... 2.000001: map: (intel_iommu_map_pages+0x0/0xe0) dom=0x1000 iova=0xffffc000 pa=0x5000 pgsz=0x1000 n=0x1 prot=0x6
              fio-7 [001] ..... 2.000002: map: IOMMU: iova=0x00000000ffffc000 - 0x00000000ffffd000 paddr=0x0000000000005000 size=4096
              fio-7 [001] ..... 2.000003: map: (intel_iommu_map_pages+0x0/0xe0) dom=0x1000 iova=0xffffd000 pa=0x8000 pgsz=0x1000 n=0x2 prot=0x6
              fio-7 [001] ..... 2.000004: map: IOMMU: iova=0x00000000ffffd000 - 0x00000000fffff000 paddr=0x0000000000008000 size=8192
            """);
        var call = Assert.Single(calls.Calls);
        Assert.Equal((RecordedCallKind.MapScatterList, 1, 3, DmaDirection.FromDevice), (call.Kind, call.Cpu, call.Segments, call.Direction));
        Assert.Equal((0x3000UL, 0xffff_c000UL), (call.Size, call.Iova));
        Assert.Equal([new ScatterSegment(0x5000, 0x1000), new ScatterSegment(0x8000, 0x2000)], call.Memory);
        Assert.Equal(2_000_000_000_000, call.TimePs);
        Assert.Equal((2L, 0L), (calls.Recorded.IommuMaps, calls.Recorded.IommuUnmaps));
    }

    [Fact]
    public void An_address_that_an_interrupt_freed_was_given_after_the_interrupt()
    {
        var calls = Read(3, """
              fio-7 [000] ..... 2.000000: dma_map_page: (iommu_dma_map_page+0x0/0x260) dev="0000:00:04.0" off=0x10 size=0x20 dir=1
              fio-7 [000] ..... 2.000002: map: IOMMU: iova=0x00000000fffff000 - 0x0000000100000000 paddr=0x0000000000005000 size=4096
              fio-7 [000] ..... 3.000000: dma_map_page: (iommu_dma_map_page+0x0/0x260) dev="0000:00:04.0" off=0x0 size=0x1000 dir=2
              fio-7 [000] d.h.. 3.000001: unmap: IOMMU: iova=0x00000000fffff000 - 0x0000000100000000 size=4096 unmapped_size=4096
              fio-7 [000] d.h1. 3.000002: qi_submit: iotlb_inv dmar0: 0x400f2 0xfffff000 0x0 0x0
              fio-7 [000] ..... 3.000003: map: (intel_iommu_map_pages+0x0/0xe0) dom=0x1000 iova=0xfffff000 pa=0x6000 pgsz=0x1000 n=0x1 prot=0x6
              fio-7 [000] ..... 3.000004: map: IOMMU: iova=0x00000000fffff000 - 0x0000000100000000 paddr=0x0000000000006000 size=4096
            """);
        Assert.Equal([RecordedCallKind.MapPage, RecordedCallKind.Unmap, RecordedCallKind.MapPage], calls.Calls.Select(call => call.Kind));
        Assert.Equal([2_000_000_000_000, 3_000_002_000_000, 3_000_003_000_000], calls.Calls.Select(call => call.TimePs));
        Assert.Equal((1L, 1L, true, "0000:00:04.0"), (calls.MapsAfterInterrupt, calls.RecoveredUnmaps, calls.Calls[1].Recovered, calls.Calls[1].Device));
        Assert.Equal((0x10UL, 0x20UL), (calls.Calls[0].Offset, calls.Calls[0].Size));
        Assert.Equal((2L, 1L, 1L), (calls.Recorded.IommuMaps, calls.Recorded.IommuUnmaps, calls.Recorded.Syncs));
    }

    [Fact]
    public void A_flush_without_kprobes_is_known_by_its_descriptor()
    {
        var calls = Read(11, """
              fio-7 [000] ..... 2.000000: dma_map_page: (iommu_dma_map_page+0x0/0x260) dev="0000:00:04.0" off=0x0 size=0x1000 dir=1
              fio-7 [000] ..... 2.000002: map: IOMMU: iova=0x00000000fffff000 - 0x0000000100000000 paddr=0x0000000000005000 size=4096
              fio-7 [000] ..s.. 2.010000: fq_flush: (fq_flush_timeout+0x0/0xa0)
              fio-7 [000] ..s.. 2.010001: flushall: (intel_flush_iotlb_all+0x0/0x110) dom=0x1000
              fio-7 [000] d.s1. 2.010002: qi_submit: iotlb_inv dmar0: 0x400e2 0x0 0x0 0x0
              fio-7 [001] d.s1. 2.030000: qi_submit: iotlb_inv dmar0: 0x400e2 0x0 0x0 0x0
            """);
        Assert.Equal([true], calls.LazyDomains);
        Assert.Equal((2L, 1L), (calls.Recorded.Flushes, calls.RecoveredFlushes));
        Assert.Equal(
            [
                (RecordedCallKind.BeginFlush, 0, 2_010_000L), (RecordedCallKind.FinishFlush, 0, 2_010_002L),
                (RecordedCallKind.BeginFlush, 1, 2_030_000L), (RecordedCallKind.FinishFlush, 1, 2_030_000L),
            ],
            calls.Calls.Skip(1).Select(call => (call.Kind, call.Cpu, call.TimePs / 1_000_000)));
    }

    [Fact]
    public void A_flush_that_no_line_tells_was_before_its_address_was_given_again()
    {
        var calls = Read(11, """
              fio-7 [000] ..... 2.000000: dma_map_page: (iommu_dma_map_page+0x0/0x260) dev="0000:00:04.0" off=0x0 size=0x1000 dir=1
              fio-7 [000] ..... 2.000002: map: IOMMU: iova=0x00000000fffff000 - 0x0000000100000000 paddr=0x0000000000005000 size=4096
              fio-7 [000] ..... 2.000003: dma_unmap_page: (iommu_dma_unmap_page+0x0/0x90) dev="0000:00:04.0" addr=0xfffff000 size=0x1000 dir=1
              fio-7 [000] ..... 2.000004: unmap: (intel_iommu_unmap_pages+0x0/0x180) dom=0x1000 iova=0xfffff000 pgsz=0x1000 n=0x1
              fio-7 [000] ..... 2.000005: unmap: IOMMU: iova=0x00000000fffff000 - 0x0000000100000000 size=4096 unmapped_size=4096
              fio-7 [000] ..... 2.020000: dma_map_page: (iommu_dma_map_page+0x0/0x260) dev="0000:00:04.0" off=0x0 size=0x1000 dir=1
              fio-7 [000] ..... 2.020002: map: IOMMU: iova=0x00000000fffff000 - 0x0000000100000000 paddr=0x0000000000005000 size=4096
            """);
        Assert.Equal((1L, 1L, 0L), (calls.Recorded.Flushes, calls.RecoveredFlushes, calls.MapsAfterInterrupt));
        using var load = new RecordedLoad(calls);
        Assert.Equal(2, load.Play().EqualAddresses);
    }

    [Fact]
    public void Mappings_of_VFIO_and_of_the_kernel_itself_are_not_the_DMA_APIs()
    {
        const string Map = """
              vfio-7 [000] ..... 2.000001: map: (intel_iommu_map_pages+0x0/0xe0) dom=0x1000 iova=0x10000 pa=0x5000 pgsz=0x1000 n=0x1 prot=0x3
              vfio-7 [000] ..... 2.000002: map: IOMMU: iova=0x0000000000010000 - 0x0000000000011000 paddr=0x0000000000005000 size=4096
              vfio-7 [000] ..... 2.000003: unmap: (intel_iommu_unmap_pages+0x0/0x180) dom=0x1000 iova=0x10000 pgsz=0x1000 n=0x1
              vfio-7 [000] ..... 2.000004: unmap: IOMMU: iova=0x0000000000010000 - 0x0000000000011000 size=4096 unmapped_size=4096
            """;
        foreach (var type in new[] { 1, 3 })
        {
            var failure = Assert.Throws<InvalidDataException>(() => Read(type, Map));
            Assert.EndsWith("the trace ends without a call of the DMA API (kprobes dma_map_page, dma_map_sg, dma_alloc)", failure.Message, StringComparison.Ordinal);
        }
    }

    private static RecordedDmaCalls Read(int type, string lines)
    {
        using var file = new TemporaryFile(Attach.Replace("TYPE", $"{type}", StringComparison.Ordinal) + lines);
        return RecordedDmaCalls.Read(file.Path);
    }
}
