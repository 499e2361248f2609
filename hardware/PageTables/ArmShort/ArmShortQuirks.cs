namespace Emulator.Hardware.PageTables.ArmShort;

/// <summary>What departs from the plain format. Source: Linux include/linux/io-pgtable.h, IO_PGTABLE_QUIRK_*.</summary>
[Flags]
public enum ArmShortQuirks
{
    /// <summary>Nothing.</summary>
    None = 0,

    /// <summary>Tables and sections are marked non-secure (ARM_NS).</summary>
    NonSecure = 1,

    /// <summary>Permissions are not stored: everything mapped may be read and written (NO_PERMS).</summary>
    NoPermissions = 2,

    /// <summary>MediaTek: output addresses of 35 bits, input of 34 (ARM_MTK_EXT). Needs <see cref="NoPermissions"/>.</summary>
    MediaTek = 4,

    /// <summary>MediaTek: tables may lie above 4 GiB too (ARM_MTK_TTBR_EXT). Needs <see cref="MediaTek"/>.</summary>
    MediaTekTables = 8,
}
