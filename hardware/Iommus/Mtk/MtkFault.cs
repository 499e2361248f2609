namespace Emulator.Hardware.Iommus.Mtk;

/// <summary>Causes in FAULT_ST1, of one mmu. Source: Linux drivers/iommu/mtk_iommu.c:93-104.</summary>
[Flags]
public enum MtkFault
{
    /// <summary>Nothing.</summary>
    None = 0,

    /// <summary>The table has no entry, or could not be read.</summary>
    Translation = 1 << 0,

    /// <summary>The output address is outside VLD_PA_RNG.</summary>
    InvalidPhysical = 1 << 2,
}
