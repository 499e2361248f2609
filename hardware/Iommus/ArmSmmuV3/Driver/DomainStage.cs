namespace Emulator.Hardware.Iommus.ArmSmmuV3.Driver;

/// <summary>How a domain translates. Source: Linux 6.1 arm-smmu-v3.h, enum arm_smmu_domain_stage.</summary>
public enum DomainStage
{
    /// <summary>Stage 1.</summary>
    Stage1,

    /// <summary>Stage 2.</summary>
    Stage2,

    /// <summary>6.1, after enable_nesting: programmed as stage 2.</summary>
    Nested,

    /// <summary>Not at all: identity.</summary>
    Bypass,

    /// <summary>6.12's blocked domain.</summary>
    Blocked,
}
