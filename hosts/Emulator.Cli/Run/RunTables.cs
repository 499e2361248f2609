using Emulator.Cli.Run.Timed;
using Emulator.Cli.Survey;
using Spectre.Console;
using static Emulator.Cli.Run.RunText;

namespace Emulator.Cli.Run;

/// <summary>The report of a run for people.</summary>
internal static class RunTables
{
    private const int ShownViolations = 3;

    /// <summary>Prints the tables, the first violations, the verdict, and how fast virtual time was simulated.</summary>
    public static void Print(IAnsiConsole console, RunResult result)
    {
        foreach (var table in Of(result))
            table.Print(console);
        foreach (var (tone, line) in Remarks(result))
            console.MarkupLineInterpolated($"[{(tone == "held" ? "yellow" : "red")}]{tone}[/] {line}");
        var verdict = RunVerdict.Of(result);
        console.MarkupLine($"{verdict.Early}[{(verdict.IsGood ? "green" : "red")}]{verdict.Word}[/]: {Markup.Escape(verdict.Reason)}");
        if (result.IsTimed)
            console.WriteLine($"Simulated in {result.WallClock.TotalSeconds:F1} s of the wall clock: {Rate(result.Dmas / result.WallClock.TotalSeconds)} DMAs a second.");
    }

    /// <summary>All tables of a run: each host, and where there is virtual time what was done in it.</summary>
    public static IEnumerable<ReportTable> Of(RunResult result) => TimedTables.Of(result).Prepend(Hosts(result.Hosts));

    /// <summary>What went wrong, or nearly: its kind and a line for each.</summary>
    public static IEnumerable<(string Tone, string Line)> Remarks(RunResult result)
    {
        foreach (var host in result.Hosts)
        {
            var (name, statistics) = (host.Specification.Name, host.Statistics);
            foreach (var violation in statistics.FirstViolations.Take(ShownViolations))
                yield return ("violation", $"on {name}: {violation}");
            if (statistics.Abandoned > 0)
                yield return ("held", $"on {name}: {Count(statistics.Abandoned)} DMAs were still held by the silicon when their group was declared blocked");
            if (statistics.FirstInterruptFailure is { } failure)
                yield return ("stopped", $"on {name}: {Count(statistics.InterruptFailures)} times in the interrupt handler, first: {failure}");
            foreach (var problem in host.Problems)
                yield return ("failed", $"on {name}: {problem}");
        }
    }

    private static ReportTable Hosts(IEnumerable<HostResult> hosts) => new(
        "",
        4,
        ["host", "IOMMU", "kernel", "strategy", "DMAs", "DMA/s", "IOTLB hits", "refused", "faults", "moved", "blocked ms", "longest", "violations"],
        [.. hosts.Select(Row)]);

    private static string[] Row(HostResult host)
    {
        var (specification, statistics) = (host.Specification, host.Statistics);
        var mean = statistics.Reassignments > 0 ? statistics.BlockedTime / statistics.Reassignments : TimeSpan.Zero;
        return
        [
            specification.Name,
            specification.Room.Name,
            SurveyText.Of(specification.Kernel),
            specification.Strategy.ToString().ToLowerInvariant(),
            Millions(statistics.Dmas),
            Millions(host.DmaPerSecond),
            Percent(statistics.IotlbHitRate),
            Count(statistics.Aborted),
            Count(statistics.Faults),
            statistics.ReassignmentsFailed > 0 ? $"{statistics.Reassignments} (+{statistics.ReassignmentsFailed} failed)" : $"{statistics.Reassignments}",
            Milliseconds(mean),
            Milliseconds(statistics.LongestBlockedTime),
            Count(statistics.Violations),
        ];
    }
}
