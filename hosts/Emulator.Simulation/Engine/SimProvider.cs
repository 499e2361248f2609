using System.Globalization;
using Akka.Actor;
using Akka.Actor.Internal;
using Akka.Event;
using Akka.Serialization;

namespace Emulator.Simulations.Engine;

/// <summary>The actor system's provider: a local one, except that an Ask is answered in a step and waits in virtual time. Named in the configuration as
/// <c>akka.actor.provider</c>.</summary>
public sealed class SimProvider : IActorRefProvider
{
    private readonly LocalActorRefProvider _local;
    private readonly Simulation _simulation;

    /// <summary>Made by the actor system.</summary>
    public SimProvider(string systemName, Settings settings, EventStream eventStream)
    {
        _local = new LocalActorRefProvider(systemName, settings, eventStream);
        _simulation = Simulation.Creating;
    }

    /// <inheritdoc/>
    public IInternalActorRef RootGuardian => _local.RootGuardian;

    /// <inheritdoc/>
    public LocalActorRef Guardian => _local.Guardian;

    /// <inheritdoc/>
    public LocalActorRef SystemGuardian => _local.SystemGuardian;

    /// <inheritdoc/>
    public IActorRef DeadLetters => _local.DeadLetters;

    /// <inheritdoc/>
    public IActorRef IgnoreRef => _local.IgnoreRef;

    /// <inheritdoc/>
    public ActorPath RootPath => _local.RootPath;

    /// <inheritdoc/>
    public Settings Settings => _local.Settings;

    /// <inheritdoc/>
    public Deployer Deployer => _local.Deployer;

    /// <inheritdoc/>
    public IInternalActorRef TempContainer => _local.TempContainer;

    /// <inheritdoc/>
    public Task TerminationTask => _local.TerminationTask;

    /// <inheritdoc/>
    public Address DefaultAddress => _local.DefaultAddress;

    /// <inheritdoc/>
    public Information SerializationInformation => _local.SerializationInformation;

    /// <inheritdoc/>
    public void Init(ActorSystemImpl system) => _local.Init(system);

    /// <inheritdoc/>
    public IActorRef RootGuardianAt(Address address) => _local.RootGuardianAt(address);

    /// <inheritdoc/>
    public ActorPath TempPath() => _local.TempContainer.Path / string.Create(CultureInfo.InvariantCulture, $"ask-{_simulation.NextAsk():D6}");

    /// <inheritdoc/>
    public FutureActorRef<T> CreateFutureRef<T>(TaskCompletionSource<T> tcs) => new SimFutureRef<T>(_simulation, tcs, TempPath(), this);

    /// <inheritdoc/>
    public void RegisterTempActor(IInternalActorRef actorRef, ActorPath path)
    {
        (actorRef as ISimFutureRef)?.TakeTimeout();
        _local.RegisterTempActor(actorRef, path);
    }

    /// <inheritdoc/>
    public void UnregisterTempActor(ActorPath path) => _local.UnregisterTempActor(path);

    /// <inheritdoc/>
    public IInternalActorRef ActorOf(ActorSystemImpl system, Props props, IInternalActorRef supervisor, ActorPath path, bool systemService, Deploy deploy, bool lookupDeploy, bool async) =>
        _local.ActorOf(system, props, supervisor, path, systemService, deploy, lookupDeploy, async);

    /// <inheritdoc/>
    public IActorRef ResolveActorRef(string path) => _local.ResolveActorRef(path);

    /// <inheritdoc/>
    public IActorRef ResolveActorRef(ActorPath actorPath) => _local.ResolveActorRef(actorPath);

    /// <inheritdoc/>
    public Address GetExternalAddressFor(Address address) => _local.GetExternalAddressFor(address);
}
