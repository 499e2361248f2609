using Akka.Actor;
using Emulator.Simulations.Tests.Actors;

namespace Emulator.Simulations.Tests;

/// <summary>The test project as a program of its own: prints the hashes of runs, for tests that compare processes.</summary>
internal static class Program
{
    public static int Main(string[] arguments)
    {
        Console.WriteLine(Hashes(arguments[0]));
        return 0;
    }

    public static string Hashes(string kind)
    {
        using var simulation = Simulation.Create(new SimulationOptions { OrderWithinStep = kind != "fan-unordered" });
        var run = new HostRun();
        var blueprint = run.Blueprint();
        return string.Join(' ', Enumerable.Range(1, 3).Select(seed => $"{(kind == "host" ? run.Run(simulation, blueprint, new RunPlan { Seed = (ulong)seed }).Record : Fan(simulation, (ulong)seed)).Hash:x16}"));
    }

    private static RunRecord Fan(Simulation simulation, ulong seed)
    {
        simulation.Begin(new RunPlan { Seed = seed });
        var fan = simulation.Start(Props.Create<FanActor>(20), "fan");
        simulation.Drain();
        fan.Tell("stop");
        simulation.Drain();
        return simulation.End();
    }
}
