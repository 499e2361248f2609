namespace Emulator.Hardware.Iommus.ArmSmmu;

/// <summary>S2CR.PRIVCFG: the privilege of a stream's requests.</summary>
public enum StreamPrivilege
{
    /// <summary>As the request says.</summary>
    Default = 0,

    /// <summary>As the request says (instruction fetches only on some implementations).</summary>
    FetchesOnly = 1,

    /// <summary>Unprivileged.</summary>
    Unprivileged = 2,

    /// <summary>Privileged.</summary>
    Privileged = 3,
}
