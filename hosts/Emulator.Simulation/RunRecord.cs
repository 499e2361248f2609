using Emulator.Simulations.Faults;

namespace Emulator.Simulations;

/// <summary>What a run was. Seed aside, choices and faults make it happen again: <see cref="Replay"/>.</summary>
/// <param name="Plan">What was asked for.</param>
/// <param name="Steps">Steps done.</param>
/// <param name="Elapsed">Virtual time at its end.</param>
/// <param name="Hash">Of each step's receiver, sender, type of message, and time. Two runs that differ in what the actors did differ here; comparable only between runs of one build.</param>
/// <param name="Choices">The choices that were not the oldest actor, by step; see <see cref="RunPlan.Choices"/>.</param>
/// <param name="Faults">The faults that messages met, in their order.</param>
/// <param name="Errors">Errors that the actor system logged, one line each: crashes of actors, usually.</param>
/// <param name="Log">One entry for each step, when <see cref="RunPlan.KeepLog"/>; empty otherwise.</param>
public sealed record RunRecord(
    RunPlan Plan,
    long Steps,
    TimeSpan Elapsed,
    ulong Hash,
    IReadOnlyDictionary<long, int> Choices,
    IReadOnlyList<AppliedFault> Faults,
    IReadOnlyList<string> Errors,
    IReadOnlyList<LogEntry> Log)
{
    /// <summary>A plan that makes the same run happen, whatever became of the seed.</summary>
    public RunPlan Replay() => Plan with { Choices = Choices, Faults = Faults.Count == 0 ? null : new RecordedFaults(Faults) };
}
