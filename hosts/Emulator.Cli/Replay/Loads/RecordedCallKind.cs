namespace Emulator.Cli.Replay.Loads;

/// <summary>What a recorded call of the DMA API does.</summary>
public enum RecordedCallKind
{
    /// <summary>dma_map_page.</summary>
    MapPage,

    /// <summary>dma_map_sg.</summary>
    MapScatterList,

    /// <summary>dma_alloc_coherent.</summary>
    AllocateCoherent,

    /// <summary>The mapping of an interrupt controller's doorbell.</summary>
    MapDoorbell,

    /// <summary>dma_unmap_page, dma_unmap_sg or dma_free_coherent: what was mapped at the address.</summary>
    Unmap,

    /// <summary>The domain becomes lazy while it is in use (sysfs): found by its first unmap that waits for nothing.</summary>
    BecomeLazy,

    /// <summary>The flush queue's timer begins a flush.</summary>
    BeginFlush,

    /// <summary>That flush is done, and the timer's CPU gives the flushed addresses back.</summary>
    FinishFlush,
}
