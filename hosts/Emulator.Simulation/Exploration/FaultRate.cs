using Emulator.Actors.Faults;

namespace Emulator.Simulations.Exploration;

/// <summary>How often an experiment lets a fault happen, and how bad.</summary>
/// <param name="Kind">The fault.</param>
/// <param name="Rate">How probable it is, 0 to 1: at each step; for messages, for each message.</param>
public sealed record FaultRate(FaultKind Kind, double Rate)
{
    /// <summary>The longest duration or delay, in virtual time; each is uniform up to it.</summary>
    public TimeSpan Longest { get; init; } = TimeSpan.FromMicroseconds(30);

    /// <summary>The largest count, at least 1; each is uniform up to it.</summary>
    public int MostCount { get; init; } = 3;
}
