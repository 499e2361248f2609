using Emulator.Actors.Hosts;

namespace Emulator.Simulations.Exploration;

/// <summary>A host, what is done to it, and what goes wrong meanwhile: explored seed by seed.</summary>
public sealed record Experiment
{
    /// <summary>Its name, for reports.</summary>
    public string Name { get; init; } = "experiment";

    /// <summary>The host. Its workload is sent over and over; its limits of waiting are of virtual time, in which a step takes a microsecond.</summary>
    public required HostSpecification Host { get; init; }

    /// <summary>Steps of a run, at least 1: counted from when the host stands, each one message of one actor.</summary>
    public int Steps { get; init; } = 200;

    /// <summary>How probable it is, at each step, that a change of owner is asked for, 0 to 1.</summary>
    public double Changes { get; init; } = 0.05;

    /// <summary>How probable it is, at each step, that the next timer fires although actors are runnable, 0 to 1.</summary>
    public double EarlyTimers { get; init; }

    /// <summary>Whether the devices are stopped before each change of owner and started after it, as well-behaved drivers do.</summary>
    public bool Quiesce { get; init; }

    /// <summary>What goes wrong by chance.</summary>
    public IReadOnlyList<FaultRate> Faults { get; init; } = [];

    /// <summary>What goes wrong in every run at its step, ordered by step; faults of messages cannot, nobody knows which message that is.</summary>
    public IReadOnlyList<ExploredAction> Scheduled { get; init; } = [];
}
