namespace Emulator.Cli.Replay.Loads;

/// <summary>What the DMA API of a host did: recorded in a trace, or ours when the trace's calls are played.</summary>
public sealed record RecordedCounts
{
    /// <summary>Ranges mapped (tracepoint iommu:map), those of the kernel's own direct mappings left out.</summary>
    public long IommuMaps { get; init; }

    /// <summary>Ranges unmapped (tracepoint iommu:unmap).</summary>
    public long IommuUnmaps { get; init; }

    /// <summary>Invalidations that an unmap waited for. Recorded: Intel's descriptors (qi_submit); elsewhere the driver's iotlb_sync, and one for each unmap whose
    /// kprobes are missing.</summary>
    public long Syncs { get; init; }

    /// <summary>Flushes of a whole domain for its flush queue (Intel: qi_submit; elsewhere flush_iotlb_all).</summary>
    public long Flushes { get; init; }
}
