namespace Emulator.Hardware.PageTables.ArmLpae;

/// <summary>What differs between the stages, for a walker that is compiled once for each. Implemented by empty structs.</summary>
public interface IArmLpaeStage
{
    /// <summary>Stage-1 permissions (AP, XN, table attributes) rather than stage-2 ones.</summary>
    static abstract bool HasStage1Permissions { get; }

    /// <summary>The last level holds blocks (type 1) in place of pages (type 3).</summary>
    static abstract bool HasBlocksAtLastLevel { get; }

    /// <summary>Leaves carry an access flag.</summary>
    static abstract bool HasAccessFlag { get; }
}
