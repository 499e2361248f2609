namespace Emulator.Hardware.PageTables.ArmLpae;

/// <summary>Stage 2, 64- or 32-bit.</summary>
public readonly struct ArmLpaeStage2 : IArmLpaeStage
{
    /// <inheritdoc/>
    public static bool HasStage1Permissions => false;

    /// <inheritdoc/>
    public static bool HasBlocksAtLastLevel => false;

    /// <inheritdoc/>
    public static bool HasAccessFlag => true;
}
