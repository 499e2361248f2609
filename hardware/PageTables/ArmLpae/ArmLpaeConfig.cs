using Emulator.Hardware.Drivers;

namespace Emulator.Hardware.PageTables.ArmLpae;

/// <summary>What a driver asks of an LPAE page table. Source: Linux include/linux/io-pgtable.h, struct io_pgtable_cfg.</summary>
public sealed record ArmLpaeConfig
{
    /// <summary>The flavour.</summary>
    public required ArmLpaeFormat Format { get; init; }

    /// <summary>Bits of input address; cut to what the granule can do.</summary>
    public required int InputBits { get; init; }

    /// <summary>Bits of output address; cut to what the granule can do.</summary>
    public required int OutputBits { get; init; }

    /// <summary>Page sizes that the IOMMU supports, of any granule; cut to one granule's.</summary>
    public required ulong PageSizeBitmap { get; init; }

    /// <summary>Departures from the plain format.</summary>
    public ArmLpaeQuirks Quirks { get; init; }

    /// <summary>The walker sees the CPU's caches.</summary>
    public bool CoherentWalk { get; init; } = true;

    /// <summary>A map or unmap takes one page of many: drivers of Linux 6.1 that have map and unmap in place of map_pages and unmap_pages.</summary>
    public bool OnePageAtATime { get; init; }

    /// <summary>Whose invalidations are asked for, and whether dirty tracking exists.</summary>
    public KernelVersion Kernel { get; init; }
}
