namespace Emulator.Hardware.Iommus.ArmSmmu.Driver;

/// <summary>Implementations that the driver treats in their own way. Source: Linux 6.1 drivers/iommu/arm/arm-smmu/arm-smmu.c, arm_smmu_of_match.</summary>
public enum ArmSmmuModel
{
    /// <summary>None of those below.</summary>
    Generic,

    /// <summary>Arm's MMU-500: the reset sets up TLB and prefetcher.</summary>
    Mmu500,

    /// <summary>Qualcomm's MMU-500, its S2CRs mediated by firmware.</summary>
    Qualcomm,
}
