namespace Emulator.Hardware.Iommus.Msm;

/// <summary>Bits of FSR. Source: Linux drivers/iommu/msm_iommu_hw-8xxx.h.</summary>
[Flags]
public enum MsmFault : uint
{
    /// <summary>Nothing.</summary>
    None = 0,

    /// <summary>TF: an entry is not present.</summary>
    Translation = 1 << 1,

    /// <summary>AFF: the access flag is clear.</summary>
    AccessFlag = 1 << 2,

    /// <summary>APF: the access is not permitted.</summary>
    Permission = 1 << 3,

    /// <summary>HTWDEEF: a table could not be read.</summary>
    WalkDecode = 1 << 5,

    /// <summary>SL: at the second level.</summary>
    SecondLevel = 1 << 16,

    /// <summary>SS: the transaction stalls.</summary>
    Stalled = 1 << 30,

    /// <summary>MULTI: there was another one since.</summary>
    Multiple = 1u << 31,
}
