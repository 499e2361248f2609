namespace Emulator.Hardware.Translation;

/// <summary>What a translation allows.</summary>
[Flags]
public enum PagePermissions : byte
{
    /// <summary>Nothing.</summary>
    None = 0,

    /// <summary>The device may read.</summary>
    Read = 1,

    /// <summary>The device may write.</summary>
    Write = 2,

    /// <summary>Instructions may be fetched.</summary>
    Execute = 4,

    /// <summary>Only privileged requests are allowed.</summary>
    PrivilegedOnly = 8,
}
