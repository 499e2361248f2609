namespace Emulator.Hardware.Iommus.QcomIommu;

/// <summary>Why a DMA is refused: the bit in FSR, and the code of the fault records.</summary>
/// <remarks>Source: Linux 6.1 drivers/iommu/arm/arm-smmu/arm-smmu.h, ARM_SMMU_FSR_*.</remarks>
public enum QcomIommuFault : ushort
{
    /// <summary>It is not.</summary>
    None = 0,

    /// <summary>TF: no translation.</summary>
    Translation = 1 << 1,

    /// <summary>AFF: the access flag is clear.</summary>
    AccessFlag = 1 << 2,

    /// <summary>PF: mapped, not permitted.</summary>
    Permission = 1 << 3,

    /// <summary>EF: a table could not be read.</summary>
    External = 1 << 4,

    /// <summary>ASF: a table or output address is wider than PASize.</summary>
    AddressSize = 1 << 7,
}
