namespace Emulator.Actors.Coordination;

/// <summary>How the coordinator works.</summary>
public sealed record CoordinatorOptions
{
    /// <summary>Characters of a change's id at most.</summary>
    public const int MaxIdLength = 200;

    /// <summary>Where decisions are kept.</summary>
    public CoordinatorJournal Journal { get; init; } = CoordinatorJournal.Sqlite("ownership.db");

    /// <summary>The name under which its events are in the journal: two coordinators on one journal have different ones.</summary>
    public string PersistenceId { get; init; } = "ownership-coordinator";

    /// <summary>Groups that are being changed or restored at one time at most; at least 1.</summary>
    public int MaxChangesInFlight { get; init; } = 256;

    /// <summary>Changes that wait at most; at least 1. Further ones are refused.</summary>
    public int MaxChangesWaiting { get; init; } = 16_384;

    /// <summary>Events from one snapshot to the next; at least 1.</summary>
    public int SnapshotEvery { get; init; } = 10_000;

    /// <summary>Outcomes that are remembered by their ids; at least 1. When there are more, the oldest is forgotten: under its id comes a new change.</summary>
    public int OutcomesKept { get; init; } = 65_536;

    /// <summary>How long after a failed attempt to restore an owner the next one is made; of the wall clock.</summary>
    public TimeSpan RestoreInterval { get; init; } = TimeSpan.FromSeconds(1);

    /// <summary>How long a question to the coordinator waits for its answer.</summary>
    public TimeSpan AskTimeout { get; init; } = TimeSpan.FromSeconds(30);

    /// <summary>Checks the limits.</summary>
    /// <exception cref="ArgumentException">A value is outside its limits; the message names it.</exception>
    public void Validate()
    {
        if (PersistenceId.Length == 0)
            throw new ArgumentException("persistence id is empty");
        AtLeastOne(MaxChangesInFlight, "changes in flight");
        AtLeastOne(MaxChangesWaiting, "changes waiting");
        AtLeastOne(SnapshotEvery, "events from one snapshot to the next");
        AtLeastOne(OutcomesKept, "outcomes kept");
        if (RestoreInterval <= TimeSpan.Zero)
            throw new ArgumentException($"restore interval {RestoreInterval} is not above 0");
    }

    private static void AtLeastOne(int value, string name)
    {
        if (value < 1)
            throw new ArgumentException($"{name}: {value} is below 1");
    }
}
