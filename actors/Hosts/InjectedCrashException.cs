namespace Emulator.Actors.Hosts;

/// <summary>An actor was told to crash, see <see cref="SupervisionMessages.CrashActor"/>.</summary>
public sealed class InjectedCrashException : Exception
{
    /// <summary>Makes the exception.</summary>
    /// <param name="message">Which actor.</param>
    public InjectedCrashException(string message)
        : base(message)
    {
    }

    internal static InjectedCrashException Of(SupervisionMessages.CrashActor crash) => new($"{crash.Kind} {crash.Index} was told to crash");
}
