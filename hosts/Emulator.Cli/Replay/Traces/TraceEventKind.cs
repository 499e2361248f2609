namespace Emulator.Cli.Replay.Traces;

/// <summary>What a trace line tells a replay. Tracepoints are those of Linux include/trace/events/iommu.h; the others are kprobes, which some
/// traces carry, on the driver functions named.</summary>
public enum TraceEventKind
{
    /// <summary>An event that is counted and has no effect.</summary>
    Other,

    /// <summary>Tracepoint <c>add_device_to_group</c>.</summary>
    AddDevice,

    /// <summary>Tracepoint <c>remove_device_from_group</c>.</summary>
    RemoveDevice,

    /// <summary>Tracepoint <c>attach_device_to_domain</c>: the attach has succeeded.</summary>
    Attached,

    /// <summary>Tracepoint <c>detach_device_from_domain</c> (6.1 and before).</summary>
    Detached,

    /// <summary>Tracepoint <c>map</c>: the mapping is made.</summary>
    Mapped,

    /// <summary>Tracepoint <c>unmap</c>: the mapping is gone from the table.</summary>
    Unmapped,

    /// <summary>Kprobe <c>dalloc</c>: the driver's domain_alloc is entered with a type.</summary>
    DomainAllocating,

    /// <summary>Kprobe <c>dalloc_r</c>: domain_alloc returns a domain; 0 when it has none of that type.</summary>
    DomainAllocated,

    /// <summary>Kprobe <c>dfree</c>: a domain is freed.</summary>
    DomainFreed,

    /// <summary>Kprobe <c>attach</c>: the driver's attach_dev is entered.</summary>
    Attaching,

    /// <summary>Kprobe <c>map</c>: the driver's map_pages is entered.</summary>
    Mapping,

    /// <summary>Kprobe <c>unmap</c>: the driver's unmap_pages is entered.</summary>
    Unmapping,

    /// <summary>Kprobe <c>sync</c>: the driver's iotlb_sync is entered.</summary>
    Syncing,

    /// <summary>Kprobe <c>flushall</c>: the driver's flush_iotlb_all is entered.</summary>
    Flushing,

    /// <summary>Kprobe <c>fq_flush</c>: the timer of a flush queue has fired.</summary>
    QueueFlushing,

    /// <summary>Kprobes <c>dma_map_page</c>, <c>dma_map_sg</c>, <c>dma_alloc</c>, <c>dma_unmap_page</c>, <c>dma_unmap_sg</c>, <c>dma_free</c>: the DMA
    /// API is entered for a device.</summary>
    DmaApi,

    /// <summary>Tracepoint <c>qi_submit</c> (Intel): an invalidation descriptor is submitted.</summary>
    InvalidationQueued,

    /// <summary>Event <c>tracing_mark_write</c>: what user space wrote into the trace.</summary>
    Mark,

    /// <summary>Kprobe <c>cmdq</c> (SMMUv3): commands are issued.</summary>
    CommandsIssued,
}
