namespace Emulator.Hardware.PageTables.ArmShort;

/// <summary>What silicon makes of short descriptors.</summary>
[Flags]
public enum ArmShortWalkOptions
{
    /// <summary>As Arm has it.</summary>
    None = 0,

    /// <summary>It ignores permissions.</summary>
    NoPermissions = 1,

    /// <summary>MediaTek: leaves hold output addresses of 35 bits.</summary>
    MediaTek = 2,

    /// <summary>MediaTek: so do table entries.</summary>
    MediaTekTables = 4,
}
