using Emulator.Actors.Faults;
using Emulator.Simulations.Exploration;
using Spectre.Console;

namespace Emulator.Cli.Explore;

/// <summary>The result of <c>explore</c> for people.</summary>
internal static class ExploreTables
{
    private const int DriverStepsShown = 12;

    /// <summary>Prints it.</summary>
    public static void Print(IAnsiConsole console, string file, Experiment experiment, ExplorationResult result, TimeSpan took)
    {
        console.MarkupLineInterpolated($"[bold]{experiment.Name}[/]: {result.Seeds:N0} seeds, {result.Interleavings:N0} interleavings, {result.Steps:N0} steps in {took.TotalSeconds:F1} s ({result.Seeds / took.TotalSeconds:F0} seeds/s); {result.Changes:N0} changes of owner, {result.Dmas:N0} DMAs; hash {result.Hash:x16}");
        if (result.FaultsInjected.Count > 0)
            PrintFaults(console, result);
        foreach (var group in result.Failures.GroupBy(failure => failure.Broken.Invariant))
            PrintFailures(console, file, [.. group]);
        if (result.Failures.Count == 0)
            console.MarkupLine("[green]Every invariant held.[/]");
    }

    private static void PrintFaults(IAnsiConsole console, ExplorationResult result)
    {
        var table = new Table().Border(TableBorder.Simple).AddColumn("fault").AddColumn(new TableColumn("struck").RightAligned()).AddColumn("can cause");
        foreach (var (kind, count) in result.FaultsInjected)
        {
            var fault = FaultCatalog.Of(kind);
            table.AddRow(fault.Name, $"{count:N0}", fault.Explains == 0 ? "nothing: the platform has to stand it" : $"{fault.Explains}");
        }

        console.Write(table);
        if (result.Explained > 0)
            console.MarkupLineInterpolated($"{result.Explained:N0} DMAs landed where they had no right to because of such a fault.");
    }

    private static void PrintFailures(IAnsiConsole console, string file, IReadOnlyList<SeedFailure> failures)
    {
        var first = failures.FirstOrDefault(failure => failure.Shrunk != null) ?? failures[0];
        console.WriteLine();
        console.MarkupLineInterpolated($"[red]{first.Broken.Invariant}[/] is broken by {failures.Count:N0} seeds: {string.Join(", ", failures.Take(10).Select(failure => failure.Seed))}{(failures.Count > 10 ? ", ..." : "")}");
        if (first.Shrunk is not { } shrunk)
        {
            console.MarkupLineInterpolated($"  seed {first.Seed}: {first.Broken.Detail}");
            return;
        }

        console.MarkupLineInterpolated($"  seed {first.Seed}, {first.Events} events, shrunk to {shrunk.Timeline.Count}:");
        for (var i = 0; i < shrunk.Timeline.Count; i++)
        {
            console.MarkupLineInterpolated($"  {i + 1,3}. step {shrunk.Timeline[i].Step,4}  {shrunk.Timeline[i].Text}");
            foreach (var step in shrunk.Timeline[i].Details.Count > 1 ? shrunk.Timeline[i].Details.TakeLast(DriverStepsShown) : [])
                console.MarkupLineInterpolated($"                  [grey]{step}[/]");
        }

        console.MarkupLineInterpolated($"  replay: {ExploreFailure.ReplayOf(file, first.Seed)}");
    }
}
