namespace Emulator.Hardware.PageTables.ArmLpae;

/// <summary>Stage 1, 64- or 32-bit.</summary>
public readonly struct ArmLpaeStage1 : IArmLpaeStage
{
    /// <inheritdoc/>
    public static bool HasStage1Permissions => true;

    /// <inheritdoc/>
    public static bool HasBlocksAtLastLevel => false;

    /// <inheritdoc/>
    public static bool HasAccessFlag => true;
}
