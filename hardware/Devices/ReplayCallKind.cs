namespace Emulator.Hardware.Devices;

/// <summary>What a recorded call does.</summary>
public enum ReplayCallKind
{
    /// <summary>dma_map_page.</summary>
    MapPage,

    /// <summary>dma_map_sg.</summary>
    MapScatterList,

    /// <summary>dma_alloc_coherent.</summary>
    MapCoherent,

    /// <summary>The mapping of an interrupt controller's doorbell.</summary>
    MapDoorbell,

    /// <summary>The unmap of any of them.</summary>
    Unmap,

    /// <summary>The domain becomes lazy while it is in use.</summary>
    BecomeLazy,

    /// <summary>The flush queue's timer begins a flush.</summary>
    BeginFlush,

    /// <summary>That flush is done.</summary>
    FinishFlush,
}
