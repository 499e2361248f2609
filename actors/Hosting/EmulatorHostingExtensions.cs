using Akka.Actor;
using Akka.Configuration;
using Akka.Hosting;
using Akka.Pattern;
using Emulator.Actors.Coordination;
using Emulator.Actors.Hosts;
using Microsoft.Extensions.DependencyInjection;

namespace Emulator.Actors.Hosting;

/// <summary>Adds emulated hosts to a program.</summary>
public static class EmulatorHostingExtensions
{
    private const string PinnedDispatcher = "emulator.pinned-dispatcher";

    /// <summary>Adds an actor system that holds emulated hosts, and <see cref="EmulatedHosts"/> to reach them.</summary>
    /// <param name="services">The program's services.</param>
    /// <param name="hosts">The hosts; their names differ.</param>
    /// <param name="options">How actors are placed; null for the defaults.</param>
    /// <exception cref="ArgumentException">A specification is outside its limits, or two hosts have one name.</exception>
    public static IServiceCollection AddEmulator(this IServiceCollection services, IReadOnlyList<HostSpecification> hosts, EmulatorOptions? options = null)
    {
        Check(hosts);
        var clients = new EmulatedHosts();
        return services.AddSingleton(clients).AddAkka("emulator", (builder, provider) =>
        {
            builder.AddEmulator(clients, hosts, options);
            if (provider.GetService<CoordinatorOptions>() is { } coordinator)
                builder.AddOwnershipCoordinator(provider.GetRequiredService<CoordinatorClient>(), clients, coordinator);
        });
    }

    /// <summary>Adds emulated hosts to an actor system.</summary>
    /// <param name="builder">The actor system's configuration.</param>
    /// <param name="clients">Receives a client of each host when the actor system starts.</param>
    /// <param name="hosts">The hosts; their names differ.</param>
    /// <param name="options">How actors are placed; null for the defaults.</param>
    /// <exception cref="ArgumentException">A specification is outside its limits, or two hosts have one name.</exception>
    public static AkkaConfigurationBuilder AddEmulator(
        this AkkaConfigurationBuilder builder, EmulatedHosts clients, IReadOnlyList<HostSpecification> hosts, EmulatorOptions? options = null)
    {
        ArgumentNullException.ThrowIfNull(clients);
        Check(hosts);
        return builder
            .AddHocon(Configuration(), HoconAddMode.Append)
            .ConfigureLoggers(static loggers =>
            {
                loggers.ClearLoggers();
                loggers.AddLoggerFactory();
            })
            .WithActors((system, _) => clients.Fill([.. hosts.Select((host, index) => Build(system, host, index, options ?? new EmulatorOptions()))]));
    }

    /// <summary>Adds an ownership coordinator of the hosts that <see cref="AddEmulator(IServiceCollection, IReadOnlyList{HostSpecification}, EmulatorOptions)"/> adds,
    /// which start <see cref="StartsWith.Blocked"/>, and <see cref="CoordinatorClient"/> to reach it.</summary>
    /// <param name="services">The program's services.</param>
    /// <param name="options">How it works; null for the defaults.</param>
    /// <exception cref="ArgumentException">An option is outside its limits.</exception>
    public static IServiceCollection AddOwnershipCoordinator(this IServiceCollection services, CoordinatorOptions? options = null)
    {
        options ??= new CoordinatorOptions();
        options.Validate();
        return services.AddSingleton(options).AddSingleton(new CoordinatorClient(ActorRefs.Nobody, options.AskTimeout));
    }

    /// <summary>Adds an ownership coordinator to an actor system, after its hosts. Opens the journal.</summary>
    /// <param name="builder">The actor system's configuration.</param>
    /// <param name="client">Receives the coordinator when the actor system starts.</param>
    /// <param name="hosts">The hosts.</param>
    /// <param name="options">How it works.</param>
    public static AkkaConfigurationBuilder AddOwnershipCoordinator(
        this AkkaConfigurationBuilder builder, CoordinatorClient client, EmulatedHosts hosts, CoordinatorOptions options)
    {
        ArgumentNullException.ThrowIfNull(client);
        ArgumentNullException.ThrowIfNull(hosts);
        ArgumentNullException.ThrowIfNull(options);
        return builder.AddHocon(options.Journal.Open(), HoconAddMode.Prepend).WithActors((system, _) => client.Actor = StartCoordinator(system, options, hosts));
    }

    /// <summary>Starts a coordinator in an actor system that has the emulator's configuration and that of a journal.</summary>
    /// <param name="system">The actor system.</param>
    /// <param name="options">How it works.</param>
    /// <param name="hosts">The hosts, which start <see cref="StartsWith.Blocked"/>.</param>
    /// <returns>Its supervisor, which forwards to it, and starts it again from the journal when it had to stop.</returns>
    internal static IActorRef StartCoordinator(ActorSystem system, CoordinatorOptions options, IReadOnlyList<HostClient> hosts)
    {
        if (hosts.FirstOrDefault(host => host.Specification.Start != StartsWith.Blocked) is { } early)
            throw new InvalidOperationException($"host {early.Specification.Name} starts with its first tenants; under a coordinator it must start blocked");
        IActorRef[] actors = [.. hosts.Select(host => host.Actor)];
        var coordinator = Props.Create(() => new OwnershipCoordinator(options, actors));
        return system.ActorOf(
            BackoffSupervisor.Props(Backoff.OnStop(coordinator, "coordinator", TimeSpan.FromSeconds(1), TimeSpan.FromSeconds(30), randomFactor: 0.2, maxNrOfRetries: -1)
                .WithDefaultStoppingStrategy().WithReplyWhileStopped(new CoordinationMessages.CoordinatorUnavailable())),
            "ownership");
    }

    /// <summary>The configuration that the emulator's actors need.</summary>
    internal static Config Configuration() => ConfigurationFactory.FromResource("Emulator.Actors.Hosting.emulator.conf", typeof(EmulatorHostingExtensions).Assembly);

    /// <summary>Starts a host in an actor system that has the emulator's configuration.</summary>
    /// <param name="system">The actor system.</param>
    /// <param name="host">The host; the caller disposes of it when the actor system has terminated.</param>
    /// <param name="index">Its place among the hosts of the system: the first ones have a pinned translation actor.</param>
    /// <param name="options">How actors are placed.</param>
    internal static HostClient Start(ActorSystem system, EmulatedHost host, int index, EmulatorOptions options)
    {
        var pinned = options.PinnedTranslationActors ?? Environment.ProcessorCount - 1;
        var props = new HostProps(index < pinned ? PinnedDispatcher : HostProps.HostDispatcher);
        return new HostClient(host.Specification, system.ActorOf(props.Host(host), host.Specification.Name), options.AskTimeout);
    }

    private static void Check(IReadOnlyList<HostSpecification> hosts)
    {
        ArgumentNullException.ThrowIfNull(hosts);
        foreach (var host in hosts)
            host.Validate();
        if (hosts.DistinctBy(host => host.Name, StringComparer.Ordinal).Count() != hosts.Count)
            throw new ArgumentException("two hosts have one name", nameof(hosts));
    }

    private static HostClient Build(ActorSystem system, HostSpecification specification, int index, EmulatorOptions options)
    {
        var host = EmulatedHost.Create(specification);
        system.RegisterOnTermination(host.Dispose);
        return Start(system, host, index, options);
    }
}
