namespace Emulator.Hardware.Drivers;

/// <summary>Which Linux kernel's driver sequences are followed.</summary>
public enum KernelVersion
{
    /// <summary>Linux 6.1 (stable level 6.1.192).</summary>
    Linux61,

    /// <summary>Linux 6.12 (stable level 6.12.117).</summary>
    Linux612,
}
