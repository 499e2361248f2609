namespace Emulator.Hardware.Drivers;

/// <summary>The real code stops here: a BUG() in the kernel. Nothing was changed.</summary>
public sealed class KernelBugException : Exception
{
    /// <summary>Makes the exception.</summary>
    /// <param name="message">Which check failed, with the kernel file and line.</param>
    public KernelBugException(string message)
        : base(message)
    {
    }
}
