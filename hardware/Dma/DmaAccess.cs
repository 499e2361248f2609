namespace Emulator.Hardware.Dma;

/// <summary>The direction of a DMA, seen from the device.</summary>
public enum DmaAccess : byte
{
    /// <summary>The device reads memory.</summary>
    Read = 0,

    /// <summary>The device writes memory.</summary>
    Write = 1,
}
