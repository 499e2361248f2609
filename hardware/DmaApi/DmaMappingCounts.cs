namespace Emulator.Hardware.DmaApi;

/// <summary>What a <see cref="DmaMapping"/> has done. All are counts of calls unless they say otherwise; they only grow.</summary>
public sealed class DmaMappingCounts
{
    /// <summary>Mapping calls that succeeded: pages, scatter lists and coherent memory.</summary>
    public long Maps { get; internal set; }

    /// <summary>Mapping calls that failed.</summary>
    public long FailedMaps { get; internal set; }

    /// <summary>Unmapping calls.</summary>
    public long Unmaps { get; internal set; }

    /// <summary>Ranges that were mapped in the table: one for each physically contiguous part of a call. The kernel's tracepoint iommu:map is as frequent.</summary>
    public long IommuMaps { get; internal set; }

    /// <summary>Ranges that were unmapped in the table, one for each call. The kernel's tracepoint iommu:unmap is as frequent.</summary>
    public long IommuUnmaps { get; internal set; }

    /// <summary>Invalidations that an unmap waited for (iommu_iotlb_sync).</summary>
    public long Syncs { get; internal set; }

    /// <summary>Invalidations of the whole domain (flush_iotlb_all).</summary>
    public long Flushes { get; internal set; }

    /// <summary>Bytes of <see cref="Maps"/>, as they were asked for.</summary>
    public ulong Bytes { get; internal set; }
}
