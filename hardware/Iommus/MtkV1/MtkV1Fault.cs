namespace Emulator.Hardware.Iommus.MtkV1;

/// <summary>Bits of FAULT_ST. Source: Linux drivers/iommu/mtk_iommu_v1.c:53-61.</summary>
[Flags]
public enum MtkV1Fault
{
    /// <summary>Nothing.</summary>
    None = 0,

    /// <summary>The table's word is not valid.</summary>
    Translation = 1 << 0,

    /// <summary>The table could not be read.</summary>
    TableWalk = 1 << 4,
}
