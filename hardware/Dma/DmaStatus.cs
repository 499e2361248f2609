namespace Emulator.Hardware.Dma;

/// <summary>How a DMA ended, as the bus tells the device. Why it was refused, the bus does not say.</summary>
public enum DmaStatus : byte
{
    /// <summary>It reached <see cref="DmaCompletion.Address"/>.</summary>
    Completed = 0,

    /// <summary>It was refused: unsupported request, completer abort, all ones on a read.</summary>
    Aborted = 1,

    /// <summary>It is held by the IOMMU until software resumes or terminates it; see <see cref="Iommus.IIommu.TakeResumed"/>.</summary>
    Stalled = 2,
}
