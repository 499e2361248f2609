using Akka.Actor;
using Emulator.Actors.Hosts;
using Emulator.Hardware.Memory;

namespace Emulator.Simulations;

/// <summary>An emulated host in a run of a <see cref="Simulation"/>: the actors of a real host, asked from outside.</summary>
/// <remarks>Dispose of it after <see cref="Simulation.End"/>: then no actor uses its memory any more.</remarks>
public sealed class SimulatedHost : IDisposable
{
    private readonly Simulation _simulation;
    private readonly EmulatedHost _host;

    internal SimulatedHost(Simulation simulation, EmulatedHost host)
    {
        _simulation = simulation;
        _host = host;
        Actor = simulation.Start(new HostProps(HostProps.HostDispatcher).Host(host), host.Specification.Name);
    }

    /// <summary>What was asked for.</summary>
    public HostSpecification Specification => _host.Specification;

    /// <summary>What no crash takes away.</summary>
    internal EmulatedHost Emulated => _host;

    /// <summary>Its actor.</summary>
    public IActorRef Actor { get; }

    /// <summary>The violations so far; an oracle may look after each step.</summary>
    public long Violations => _host.Ownership.Violations;

    /// <summary>Changes of owner so far that ended with a new owner attached.</summary>
    public long Reassignments => _host.Ownership.Reassignments;

    /// <summary>Does steps until the host stands.</summary>
    /// <exception cref="InvalidOperationException">It can't be brought up; the message says why.</exception>
    /// <exception cref="SimulationException">Nothing is left to do, and it does not stand.</exception>
    public void WaitUntilStarted()
    {
        if (_simulation.Await(_simulation.Ask<object>(Actor, new HostMessages.WaitUntilStarted())) is HostMessages.HostFailed failed)
            throw new InvalidOperationException($"host {failed.Host}: {failed.Reason}");
    }

    /// <summary>Starts every device's workload.</summary>
    public void StartWorkload() => Actor.Tell(new HostMessages.StartWorkload(), ActorRefs.NoSender);

    /// <summary>Stops every device's workload.</summary>
    public void StopWorkload() => Actor.Tell(new HostMessages.StopWorkload(), ActorRefs.NoSender);

    /// <summary>Asks to be told when every device has got all its answers.</summary>
    public Task<HostMessages.WorkloadFinished> WorkloadFinished() => _simulation.Ask<HostMessages.WorkloadFinished>(Actor, new HostMessages.WaitForWorkload());

    /// <summary>Asks for a change of owner.</summary>
    /// <param name="group">The group, from 0.</param>
    /// <param name="toTenant">The tenant's owner tag, see <see cref="HostSpecification.TenantTag"/>.</param>
    /// <returns>The answer: <see cref="HostMessages.Reassigned"/> or <see cref="HostMessages.ReassignmentFailed"/>.</returns>
    public Task<object> Reassign(int group, OwnerTag toTenant) => _simulation.Ask<object>(Actor, new HostMessages.Reassign(group, toTenant));

    /// <summary>Asks for the figures so far.</summary>
    public Task<HostStatistics> Statistics() => _simulation.Ask<HostStatistics>(Actor, new HostMessages.GetStatistics());

    /// <inheritdoc/>
    public void Dispose() => _host.Dispose();
}
