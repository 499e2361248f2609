namespace Emulator.Hardware.Iommus.Omap;

/// <summary>Causes of a fault: the number is the bit in IRQSTATUS. Source: Linux 6.1 drivers/iommu/omap-iommu.h, MMU_IRQ_*.</summary>
public enum OmapFault : byte
{
    /// <summary>No TLB entry, and table walks are off.</summary>
    TlbMiss = 0,

    /// <summary>A table entry of type 0 (or of none that exists).</summary>
    Translation = 1,

    /// <summary>A debugger's access missed; no DMA causes it.</summary>
    EmulatorMiss = 2,

    /// <summary>A table could not be read.</summary>
    TableWalk = 3,

    /// <summary>More than one TLB entry matches.</summary>
    MultiHit = 4,
}
