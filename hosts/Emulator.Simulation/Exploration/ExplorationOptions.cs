using Emulator.Simulations.Shrinking;

namespace Emulator.Simulations.Exploration;

/// <summary>How many seeds of an experiment are explored, and how.</summary>
public sealed record ExplorationOptions
{
    /// <summary>The first seed; the others follow.</summary>
    public ulong FirstSeed { get; init; } = 1;

    /// <summary>Seeds, at least 1.</summary>
    public int Seeds { get; init; } = 100;

    /// <summary>Threads, at least 1; each has a simulation of its own. The result does not depend on their number.</summary>
    public int Workers { get; init; } = Environment.ProcessorCount;

    /// <summary>Failing seeds that are shrunk at most: the first one of each invariant, up to so many.</summary>
    public int Shrunk { get; init; } = 5;

    /// <summary>Limits of shrinking one.</summary>
    public ShrinkOptions Shrinking { get; init; } = new() { Runs = 2_000 };
}
