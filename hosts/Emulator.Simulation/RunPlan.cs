using Emulator.Simulations.Faults;

namespace Emulator.Simulations;

/// <summary>What decides a run, besides the actors and what they are told.</summary>
public sealed record RunPlan
{
    /// <summary>Seed of every choice that is not recorded.</summary>
    public ulong Seed { get; init; }

    /// <summary>The choices of a recorded run by their step, in place of the seed's: which of the n runnable actors, k modulo n, 0 being the one that has waited longest;
    /// -1 for the next timer. A step that is missing takes 0, so that any part of a record is a valid one. Null: the seed chooses.</summary>
    public IReadOnlyDictionary<long, int>? Choices { get; init; }

    /// <summary>What happens to messages on their way; null for nothing.</summary>
    public IMessageFaults? Faults { get; init; }

    /// <summary>How probable it is, at each step, that the next timer fires although actors are runnable, 0 to 1: slow actors.</summary>
    public double EarlyTimers { get; init; }

    /// <summary>How far ahead the next timer may be due to fire like that, in virtual time: nobody is slower than this.</summary>
    public TimeSpan LongestSlowness { get; init; } = TimeSpan.FromSeconds(1);

    /// <summary>The virtual time at which the run is over: no timer fires later.</summary>
    public TimeSpan TimeLimit { get; init; } = TimeSpan.FromHours(1);

    /// <summary>Whether <see cref="RunRecord.Log"/> is kept.</summary>
    public bool KeepLog { get; init; }
}
