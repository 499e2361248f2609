namespace Emulator.Hardware.PageTables.ArmLpae;

/// <summary>Switches of a walk.</summary>
[Flags]
public enum ArmLpaeWalkOptions : byte
{
    /// <summary>None.</summary>
    None = 0,

    /// <summary>The table serves the upper half: address bits above the input size must be ones (TTB1).</summary>
    UpperHalf = 1,

    /// <summary>Address bits 63:56 are ignored (TBI).</summary>
    TopByteIgnored = 2,

    /// <summary>A clear access flag is no fault: the silicon sets it (HA), or faults for it are off (AFFD).</summary>
    AccessFlagIgnored = 4,

    /// <summary>Read-only pages with the dirty-modifier bit may be written (HD). Who writes clears the bit, at <see cref="WalkResult.EntryAddress"/>.</summary>
    HardwareDirty = 8,

    /// <summary>Permission bits of tables are ignored (HAD).</summary>
    TablePermissionsIgnored = 16,
}
