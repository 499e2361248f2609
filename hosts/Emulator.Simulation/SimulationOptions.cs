using Akka.Configuration;
using Emulator.Actors.Hosting;

namespace Emulator.Simulations;

/// <summary>What all runs of a <see cref="Simulation"/> have in common.</summary>
public sealed record SimulationOptions
{
    /// <summary>What the actors under test need: their dispatchers and mailboxes. Each dispatcher under <c>emulator</c> whose name ends with <c>-dispatcher</c> becomes the seeded one;
    /// what else its block says is ignored.</summary>
    public Config Configuration { get; init; } = EmulatorHostingExtensions.Configuration();

    /// <summary>Paths of further dispatchers that become the seeded one.</summary>
    public IReadOnlyList<string> Dispatchers { get; init; } = [];

    /// <summary>How much virtual time a step takes, at least 0. Timers that come due meanwhile compete with messages; with zero no timer beats a message, unless
    /// <see cref="RunPlan.EarlyTimers"/> says so.</summary>
    public TimeSpan StepTime { get; init; } = TimeSpan.FromMicroseconds(1);

    /// <summary>The wall clock of the actors when a run begins.</summary>
    public DateTimeOffset Epoch { get; init; } = new(2000, 1, 1, 0, 0, 0, TimeSpan.Zero);

    /// <summary>Whether what became ready in one step is put in order. Only a test turns it off, to show that it is needed.</summary>
    internal bool OrderWithinStep { get; init; } = true;
}
