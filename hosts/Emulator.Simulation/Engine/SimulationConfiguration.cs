using Akka.Configuration;

namespace Emulator.Simulations.Engine;

/// <summary>The actor system's configuration in a simulation.</summary>
internal static class SimulationConfiguration
{
    private static readonly string[] s_dispatchers = ["akka.actor.default-dispatcher", "akka.actor.internal-dispatcher", "akka.actor.default-blocking-io-dispatcher"];

    // Loggers would be asked at start-up, and waited for; hooks of the process would pile up.
    private static readonly Config s_system = ConfigurationFactory.ParseString($$"""
        akka {
          actor.provider = "{{Named(typeof(SimProvider))}}"
          scheduler.implementation = "{{Named(typeof(SimScheduler))}}"
          loggers = []
          loglevel = ERROR
          stdout-loglevel = off
          log-dead-letters = off
          log-dead-letters-during-shutdown = off
          coordinated-shutdown {
            run-by-clr-shutdown-hook = off
            run-by-actor-system-terminate = off
            terminate-actor-system = off
          }
        }
        """);

    /// <summary>The paths of all dispatchers that become the seeded one.</summary>
    public static IReadOnlyList<string> Dispatchers(SimulationOptions options)
    {
        var own = options.Configuration.GetConfig("emulator")?.Root.GetObject().Items.Keys.Where(key => key.EndsWith("-dispatcher", StringComparison.Ordinal)) ?? [];
        return [.. s_dispatchers, .. own.Select(key => $"emulator.{key}"), .. options.Dispatchers];
    }

    public static Config Of(SimulationOptions options)
    {
        var dispatchers = string.Join('\n', Dispatchers(options).Select(path => $"{path}.type = \"{Named(typeof(SimDispatcherConfigurator))}\""));
        return ConfigurationFactory.ParseString(dispatchers).WithFallback(s_system).WithFallback(options.Configuration).WithFallback(ConfigurationFactory.Default());
    }

    private static string Named(Type type) => $"{type.FullName}, {type.Assembly.GetName().Name}";
}
