using Akka.Configuration;
using Akka.Dispatch;

namespace Emulator.Simulations.Engine;

/// <summary>Makes a <see cref="SimDispatcher"/>. Named in the configuration as a dispatcher's <c>type</c>.</summary>
public sealed class SimDispatcherConfigurator : MessageDispatcherConfigurator
{
    private readonly SimDispatcher _dispatcher;

    /// <summary>Made by the actor system.</summary>
    public SimDispatcherConfigurator(Config config, IDispatcherPrerequisites prerequisites)
        : base(config, prerequisites) => _dispatcher = new SimDispatcher(this);

    /// <inheritdoc/>
    public override MessageDispatcher Dispatcher() => _dispatcher;
}
