namespace Emulator.Hardware.Dma;

/// <summary>A DMA that was stalled and has now got its answer.</summary>
/// <param name="Request">What was stalled.</param>
/// <param name="Completion">How it ended.</param>
public readonly record struct ResumedDma(DmaRequest Request, DmaCompletion Completion);
