using System.Diagnostics.CodeAnalysis;

namespace Emulator.Hardware.Drivers;

/// <summary>Linux error numbers, as the drivers return them (negated). Source: Linux include/uapi/asm-generic/errno-base.h and errno.h.</summary>
public enum Errno
{
    /// <summary>Success.</summary>
    None = 0,

    /// <summary>Operation not permitted.</summary>
    EPERM = 1,

    /// <summary>No such entry.</summary>
    ENOENT = 2,

    /// <summary>Input/output error.</summary>
    EIO = 5,

    /// <summary>Argument list or structure too long.</summary>
    E2BIG = 7,

    /// <summary>Out of memory.</summary>
    ENOMEM = 12,

    /// <summary>Bad address, or an address beyond the domain's width.</summary>
    EFAULT = 14,

    /// <summary>Device or resource busy.</summary>
    EBUSY = 16,

    /// <summary>Already exists.</summary>
    EEXIST = 17,

    /// <summary>No such device.</summary>
    ENODEV = 19,

    /// <summary>Invalid argument.</summary>
    EINVAL = 22,

    /// <summary>No such device or address.</summary>
    ENXIO = 6,

    /// <summary>No space left: identifiers or slots are used up.</summary>
    ENOSPC = 28,

    /// <summary>Numerical result out of range.</summary>
    ERANGE = 34,

    /// <summary>A deadlock would occur, or something never lets go.</summary>
    EDEADLOCK = 35,

    /// <summary>Function not implemented.</summary>
    ENOSYS = 38,

    /// <summary>Value too large: an address range wraps.</summary>
    EOVERFLOW = 75,

    /// <summary>The answer does not fit; how much would, is told.</summary>
    EMSGSIZE = 90,

    /// <summary>Operation not supported.</summary>
    EOPNOTSUPP = 95,

    /// <summary>Address already in use.</summary>
    EADDRINUSE = 98,

    /// <summary>Timed out.</summary>
    ETIMEDOUT = 110,

    /// <summary>The driver's probe is to be tried again later. Source: Linux include/linux/errno.h.</summary>
    [SuppressMessage("Naming", "CA1707", Justification = "The kernel's name.")]
    EPROBE_DEFER = 517,
}
