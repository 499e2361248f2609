namespace Emulator.Hardware.DmaApi;

/// <summary>Which way data goes, with the kernel's numbers. Source: Linux include/linux/dma-direction.h, enum dma_data_direction.</summary>
public enum DmaDirection
{
    /// <summary>Both: the device may read and write.</summary>
    Bidirectional = 0,

    /// <summary>From memory to the device: it may read.</summary>
    ToDevice = 1,

    /// <summary>From the device to memory: it may write.</summary>
    FromDevice = 2,
}
