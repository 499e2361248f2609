namespace Emulator.Hardware.Iommus.S390;

/// <summary>Direction of a DMA API mapping. Source: Linux include/linux/dma-direction.h.</summary>
public enum S390DmaDirection
{
    /// <summary>The device reads and writes.</summary>
    Bidirectional = 0,

    /// <summary>The device reads.</summary>
    ToDevice = 1,

    /// <summary>The device writes; it may read as well.</summary>
    FromDevice = 2,

    /// <summary>None; mapped like <see cref="ToDevice"/>.</summary>
    None = 3,
}
