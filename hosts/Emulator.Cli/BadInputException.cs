namespace Emulator.Cli;

/// <summary>The user's input is bad. The program prints the message as one line on standard error and ends with <see cref="ExitCode.BadInput"/>.</summary>
public sealed class BadInputException : Exception
{
    /// <summary>Makes the exception.</summary>
    /// <param name="message">Names file, line, field and reason, as far as they exist: <c>quick.yaml:7: devices: 0 is outside 1 to 64</c>.</param>
    /// <param name="inner">What showed it, if anything.</param>
    public BadInputException(string message, Exception? inner = null)
        : base(message, inner)
    {
    }
}
