namespace Emulator.Hardware.Drivers;

/// <summary>A driver or core operation that failed with a Linux error number.</summary>
public sealed class DriverException : Exception
{
    /// <summary>Makes the exception.</summary>
    /// <param name="errno">The error; not <see cref="Errno.None"/>.</param>
    /// <param name="message">What failed: names the thing, the value and the limit.</param>
    public DriverException(Errno errno, string message)
        : base($"{message} (-{errno})") => Errno = errno;

    /// <summary>The error number.</summary>
    public Errno Errno { get; }
}
