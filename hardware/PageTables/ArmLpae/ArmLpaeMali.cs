namespace Emulator.Hardware.PageTables.ArmLpae;

/// <summary>The Mali flavour.</summary>
public readonly struct ArmLpaeMali : IArmLpaeStage
{
    /// <inheritdoc/>
    public static bool HasStage1Permissions => false;

    /// <inheritdoc/>
    public static bool HasBlocksAtLastLevel => true;

    /// <inheritdoc/>
    public static bool HasAccessFlag => false;
}
