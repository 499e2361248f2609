using Emulator.Actors.Hosts;

namespace Emulator.Simulations;

/// <summary>Builds the same host in run after run: what all of them have in common is decided once.</summary>
public sealed class HostBlueprint
{
    private readonly HostSpecification _specification;
    private readonly HostLayout _layout;

    /// <summary>Checks a specification and decides where its buffers are.</summary>
    /// <exception cref="ArgumentException">The specification is outside its limits, the room has no such variant, or the buffers do not fit.</exception>
    public HostBlueprint(HostSpecification specification)
    {
        _specification = specification;
        _layout = HostLayout.Of(specification);
    }

    /// <summary>Builds a host and starts its actors in the run that is going on.</summary>
    /// <param name="simulation">The simulation.</param>
    /// <param name="name">Its name; null for the specification's.</param>
    public SimulatedHost Start(Simulation simulation, string? name = null)
    {
        ArgumentNullException.ThrowIfNull(simulation);
        return new SimulatedHost(simulation, EmulatedHost.Create(_specification with { Time = simulation.Time, Name = name ?? _specification.Name }, _layout));
    }
}
