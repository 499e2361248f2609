namespace Emulator.Hardware.Iommus.ArmSmmuV3;

/// <summary>STE.EATS: what a stream may do with ATS.</summary>
public enum AtsMode : byte
{
    /// <summary>Translation requests and translated requests are aborted.</summary>
    Abort = 0,

    /// <summary>Full ATS: translated requests pass.</summary>
    Full = 1,

    /// <summary>Split-stage ATS: the device holds intermediate addresses, translated requests go through stage 2.</summary>
    SplitStage = 2,
}
