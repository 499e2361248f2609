namespace Emulator.Hardware.DmaApi;

/// <summary>What varies between DMA mappings: the mode, the device's limits and the machine.</summary>
public sealed record DmaMappingOptions
{
    /// <summary>How mappings are undone.</summary>
    public DmaMode Mode { get; init; } = DmaMode.Strict;

    /// <summary>CPUs, at least 1.</summary>
    public int Cpus { get; init; } = 1;

    /// <summary>Address bits that the device has (dma_mask), 1 to 64.</summary>
    public int MaskBits { get; init; } = 64;

    /// <summary>Whether the device is a PCI device: then addresses below 4 GiB are given first, as such requests need no second address cycle and some devices fail
    /// above.</summary>
    public bool IsPci { get; init; } = true;

    /// <summary>Whether a device that has the bits gets high addresses at once (iommu.forcedac=1).</summary>
    public bool ForceDac { get; init; }

    /// <summary>Whether the device's DMA is coherent with the CPUs' caches: its mappings are cacheable.</summary>
    public bool IsCoherent { get; init; } = true;

    /// <summary>No segment of a mapped scatter list crosses a multiple of this plus 1: a power of two minus 1. Source: Linux include/linux/dma-mapping.h,
    /// dma_get_seg_boundary.</summary>
    public ulong SegmentBoundary { get; init; } = uint.MaxValue;

    /// <summary>The longest segment of a mapped scatter list that several segments are put together to, in bytes. Source: likewise, dma_get_max_seg_size.</summary>
    public ulong MaxSegmentSize { get; init; } = 65536;

    /// <summary>Bytes of a page of addresses, a power of two and a page size of the table; 0 for the table's smallest (4 KiB where there is no table).</summary>
    public ulong Granule { get; init; }

    /// <summary>Addresses that are never given out, each from its first to its last byte: the windows of the PCI host bridge, and reserved regions such as the doorbells
    /// of interrupts.</summary>
    public IReadOnlyList<(ulong First, ulong Last)> Reserved { get; init; } = [];

    /// <summary>The flush queue of <see cref="DmaMode.Lazy"/>.</summary>
    public FlushQueueOptions FlushQueue { get; init; } = new();
}
