using Emulator.Actors.Faults;

namespace Emulator.Simulations.Exploration;

/// <summary>One run of an experiment.</summary>
/// <param name="Seed">Its seed.</param>
/// <param name="Record">The simulation's record, with its hash.</param>
/// <param name="Steps">Steps since the host stood.</param>
/// <param name="Actions">What was done to the host.</param>
/// <param name="Broken">The first thing that must never happen and did, with which the run ends; null when there was none.</param>
/// <param name="Faults">How often each fault struck.</param>
/// <param name="Changes">Changes of owner that ended with a new owner attached.</param>
/// <param name="Dmas">DMAs that the silicon answered.</param>
/// <param name="Explained">DMAs that landed where they had no right to, because of a fault that nobody could stand.</param>
/// <param name="Timeline">What happened since the host stood, when asked for; empty otherwise.</param>
public sealed record ExploredRun(
    ulong Seed,
    RunRecord Record,
    int Steps,
    IReadOnlyList<ExploredAction> Actions,
    BrokenInvariant? Broken,
    IReadOnlyDictionary<FaultKind, int> Faults,
    long Changes,
    long Dmas,
    long Explained,
    IReadOnlyList<TimelineEvent> Timeline);
