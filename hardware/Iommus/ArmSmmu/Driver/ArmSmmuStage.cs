namespace Emulator.Hardware.Iommus.ArmSmmu.Driver;

/// <summary>How a domain translates. Source: Linux 6.1 drivers/iommu/arm/arm-smmu/arm-smmu.h, enum arm_smmu_domain_stage.</summary>
public enum ArmSmmuStage
{
    /// <summary>Stage 1.</summary>
    Stage1,

    /// <summary>Stage 2.</summary>
    Stage2,

    /// <summary>After enable_nesting: programmed as stage 2, but identified as stage 1.</summary>
    Nested,
}
