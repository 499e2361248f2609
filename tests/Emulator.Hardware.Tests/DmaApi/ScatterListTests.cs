using Emulator.Hardware.DmaApi;

namespace Emulator.Hardware.Tests.DmaApi;

/// <summary>How the segments of a scatter list are put together for the device.</summary>
public class ScatterListTests
{
    [Fact]
    public void Segments_are_put_together_up_to_the_longest_that_the_device_takes()
    {
        var list = Enumerable.Range(0, 5).Select(i => new ScatterSegment((ulong)i * 0x10_0000, 4096)).ToArray();
        Assert.Equal([8192, 8192, 4096], Map(list, new DmaMappingOptions { MaxSegmentSize = 8192 }).Select(segment => (int)segment.Length));
        Assert.Equal([20480], Map(list, new DmaMappingOptions()).Select(segment => (int)segment.Length));
        Assert.Equal(5, Map(list, new DmaMappingOptions { MaxSegmentSize = 4096 }).Length);
    }

    [Fact]
    public void A_segment_that_begins_or_ends_inside_a_page_ends_a_run()
    {
        ScatterSegment[] list = [new(0x1000, 0x1000), new(0x5000, 0x800), new(0x7000, 0x1000), new(0x9100, 0xf00), new(0xb000, 0x1000)];
        var mapped = Map(list, new DmaMappingOptions());
        Assert.Equal([(0x0UL, 0x1800UL), (0x2000UL, 0x1000UL), (0x3100UL, 0x1f00UL)], mapped.Select(segment => (segment.Address - mapped[0].Address, segment.Length)));
    }

    [Fact]
    public void No_segment_crosses_a_boundary_of_the_device()
    {
        ScatterSegment[] list = [new(0x10_0000, 0x3000), new(0x20_0000, 0x2000), new(0x30_0000, 0x1000), new(0x40_0000, 0x3000)];
        var mapped = Map(list, new DmaMappingOptions { SegmentBoundary = 0x3fff });
        foreach (var segment in mapped)
            Assert.Equal(segment.Address & ~0x3fffUL, (segment.Address + segment.Length - 1) & ~0x3fffUL);
        Assert.Equal(list.Sum(segment => (long)segment.Length), mapped.Sum(segment => (long)segment.Length));
        Assert.Equal([0x0UL, 0x4000UL, 0x8000UL], mapped.Select(segment => segment.Address - mapped[0].Address));
    }

    [Fact]
    public void An_empty_list_maps_to_nothing()
    {
        using var rig = new DmaRig("intel");
        Assert.Equal(0, rig.Dma.MapScatterList([], [], DmaDirection.ToDevice, 0, 0));
        rig.Dma.UnmapScatterList([], 0, 0);
        Assert.Equal(0, rig.Dma.Counts.Unmaps);
    }

    // What the device finds behind each segment is the list, byte for byte.
    private static DmaSegment[] Map(ScatterSegment[] list, DmaMappingOptions options)
    {
        using var rig = new DmaRig("intel", options);
        var mapped = new DmaSegment[list.Length];
        var count = rig.Dma.MapScatterList(list, mapped, DmaDirection.FromDevice, 0, 0);
        var (at, offset) = (0, 0UL);
        foreach (var segment in list)
        {
            if (offset == mapped[at].Length)
                (at, offset) = (at + 1, 0UL);
            Assert.Equal(segment.Physical, rig.Send(mapped[at].Address + offset));
            Assert.Equal(segment.Physical + segment.Length - 4, rig.Send(mapped[at].Address + offset + segment.Length - 4));
            offset += segment.Length;
        }

        return mapped[..count];
    }
}
