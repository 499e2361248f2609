namespace Emulator.Hardware.Iommus.Rockchip;

/// <summary>What a write to COMMAND does. Source: Linux 6.1 drivers/iommu/rockchip-iommu.c, RK_MMU_CMD_*.</summary>
public enum RockchipCommand
{
    /// <summary>Translation on.</summary>
    EnablePaging = 0,

    /// <summary>Translation off.</summary>
    DisablePaging = 1,

    /// <summary>Holds DMA. Taken only while paging is on and no page fault waits for its acknowledgement.</summary>
    EnableStall = 2,

    /// <summary>Lets held DMA go on.</summary>
    DisableStall = 3,

    /// <summary>Drops the whole TLB.</summary>
    ZapCache = 4,

    /// <summary>Acknowledges the page fault: the access is replayed.</summary>
    PageFaultDone = 5,

    /// <summary>Resets every register. DTE_ADDR reads 0 when it is done.</summary>
    ForceReset = 6,
}
