using Akka.Actor;
using Akka.Configuration;
using Akka.Hosting;
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
        return services.AddSingleton(clients).AddAkka("emulator", builder => builder.AddEmulator(clients, hosts, options));
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
