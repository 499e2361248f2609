namespace Emulator.Hardware.Iommus.ArmSmmu;

/// <summary>CBAR.TYPE: the stages of a context bank.</summary>
public enum ContextBankType
{
    /// <summary>Stage 2.</summary>
    Stage2 = 0,

    /// <summary>Stage 1, stage 2 bypassed.</summary>
    Stage1 = 1,

    /// <summary>Stage 1, stage 2 faults.</summary>
    Stage1Fault = 2,

    /// <summary>Stage 1 and another bank's stage 2.</summary>
    Nested = 3,
}
