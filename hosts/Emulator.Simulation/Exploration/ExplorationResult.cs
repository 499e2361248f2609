using Emulator.Actors.Faults;

namespace Emulator.Simulations.Exploration;

/// <summary>What the seeds of an experiment have shown.</summary>
public sealed record ExplorationResult
{
    /// <summary>Seeds explored; fewer than asked for when it was cancelled.</summary>
    public required int Seeds { get; init; }

    /// <summary>Seeds that broke an invariant, by seed.</summary>
    public required IReadOnlyList<SeedFailure> Failures { get; init; }

    /// <summary>How often each fault struck, by its place in the catalogue.</summary>
    public required IReadOnlyDictionary<FaultKind, long> FaultsInjected { get; init; }

    /// <summary>Runs that differ from each other in who handled what, when.</summary>
    public required long Interleavings { get; init; }

    /// <summary>Steps of all runs.</summary>
    public required long Steps { get; init; }

    /// <summary>Changes of owner that ended with a new owner attached.</summary>
    public required long Changes { get; init; }

    /// <summary>DMAs that silicon answered.</summary>
    public required long Dmas { get; init; }

    /// <summary>DMAs that landed where they had no right to, because of a fault that nobody could stand.</summary>
    public required long Explained { get; init; }

    /// <summary>Of the hashes of all runs, in the order of the seeds: two explorations that differ anywhere differ here. Comparable between runs of one build.</summary>
    public required ulong Hash { get; init; }
}
