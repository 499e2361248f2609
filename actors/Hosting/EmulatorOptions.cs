namespace Emulator.Actors.Hosting;

/// <summary>How the actors of a run are placed.</summary>
public sealed record EmulatorOptions
{
    /// <summary>Translation actors on threads of their own; further ones share threads with devices and isolation checks. Null: one less than there are processors.</summary>
    public int? PinnedTranslationActors { get; init; }

    /// <summary>How long a question to a host waits for its answer.</summary>
    public TimeSpan AskTimeout { get; init; } = TimeSpan.FromSeconds(30);
}
