namespace Emulator.Hardware.Iommus.Msm;

/// <summary>Why a DMA is refused: the bit in FSR, and the code of the fault records. Source: Linux drivers/iommu/msm_iommu_hw-8xxx.h.</summary>
public enum MsmFault : ushort
{
    /// <summary>It is not.</summary>
    None = 0,

    /// <summary>A global error, in ESR: no bank is behind that MID (CFG). No bit of FSR.</summary>
    Configuration = 1 << 0,

    /// <summary>TF: no translation.</summary>
    Translation = 1 << 1,

    /// <summary>AFF: the access flag is clear.</summary>
    AccessFlag = 1 << 2,

    /// <summary>APF: mapped, not permitted.</summary>
    Permission = 1 << 3,

    /// <summary>TLBMF: not in the TLB, and misses do not walk.</summary>
    TlbMiss = 1 << 4,

    /// <summary>HTWDEEF: a table could not be read.</summary>
    TableDecode = 1 << 5,
}
