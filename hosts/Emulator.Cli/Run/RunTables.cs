using System.Globalization;
using Emulator.Cli.Survey;
using Spectre.Console;

namespace Emulator.Cli.Run;

/// <summary>The report of a run for people.</summary>
internal static class RunTables
{
    private const int ShownViolations = 3;

    /// <summary>Prints a row per host, the first violations, and the verdict.</summary>
    public static void Print(IAnsiConsole console, RunResult result)
    {
        console.Write(HostTable(result.Hosts));
        foreach (var host in result.Hosts)
        {
            foreach (var violation in host.Statistics.FirstViolations.Take(ShownViolations))
                console.MarkupLineInterpolated($"[red]violation[/] on {host.Specification.Name}: {violation.ToString()}");
            if (host.Statistics.Abandoned > 0)
                console.MarkupLineInterpolated($"[yellow]held[/] on {host.Specification.Name}: {Count(host.Statistics.Abandoned)} DMAs were still held by the silicon when their group was declared blocked");
            if (host.Statistics.FirstInterruptFailure is { } failure)
                console.MarkupLineInterpolated($"[red]stopped[/] on {host.Specification.Name}: {Count(host.Statistics.InterruptFailures)} times in the interrupt handler, first: {failure}");
            foreach (var problem in host.Problems)
                console.MarkupLineInterpolated($"[red]failed[/] on {host.Specification.Name}: {problem}");
        }

        console.MarkupLine(Verdict(result));
    }

    private static Table HostTable(IEnumerable<HostResult> hosts)
    {
        var table = new Table().Border(TableBorder.Simple);
        foreach (var word in (string[])["host", "IOMMU", "kernel", "strategy"])
            table.AddColumn(new TableColumn(word).NoWrap());
        foreach (var number in (string[])["DMAs", "DMA/s", "IOTLB hits", "refused", "faults", "moved", "blocked ms", "longest", "violations"])
            table.AddColumn(new TableColumn(number).RightAligned());
        foreach (var host in hosts)
        {
            var (specification, statistics) = (host.Specification, host.Statistics);
            var mean = statistics.Reassignments > 0 ? statistics.BlockedTime / statistics.Reassignments : TimeSpan.Zero;
            table.AddRow(
                specification.Name,
                specification.Room.Name,
                SurveyText.Of(specification.Kernel),
                specification.Strategy.ToString().ToLowerInvariant(),
                Millions(statistics.Dmas),
                Millions(host.DmaPerSecond),
                statistics.IotlbHitRate.ToString("P1", CultureInfo.InvariantCulture),
                Count(statistics.Aborted),
                Count(statistics.Faults),
                statistics.ReassignmentsFailed > 0 ? $"{statistics.Reassignments} [red](+{statistics.ReassignmentsFailed} failed)[/]" : $"{statistics.Reassignments}",
                Milliseconds(mean),
                Milliseconds(statistics.LongestBlockedTime),
                statistics.Violations > 0 ? $"[red]{Count(statistics.Violations)}[/]" : "0");
        }

        return table;
    }

    private static string Verdict(RunResult result)
    {
        var scope = $"{Count(result.Dmas)} DMAs in {result.Elapsed.TotalSeconds:F1} s ({Count((long)result.DmaPerSecond)}/s), {result.Reassignments} changes of owner, {result.ReassignmentsUnderLoad} of them under load";
        var early = result.Interrupted ? "Ended early. " : "";
        if (result.Held)
            return $"{early}[green]Held[/]: {scope}; no DMA landed where its device had no right to read or write.";
        if (result.Violations > 0)
            return $"{early}[red]Violated[/]: {scope}; {Count(result.Violations)} DMAs landed where their device had no right to read or write.";
        var statistics = result.Hosts.Select(host => host.Statistics).ToList();
        return $"{early}[red]Not proven[/]: {scope}; {statistics.Sum(s => s.ReassignmentsFailed)} changes of owner failed, "
            + $"{Count(statistics.Sum(s => s.Unchecked))} DMAs were not checked, {statistics.Sum(s => s.ActorRestarts)} actors crashed, {statistics.Sum(s => s.InterruptFailures)} interrupt handlers stopped.";
    }

    private static string Count(long number) => number.ToString("N0", CultureInfo.InvariantCulture);

    private static string Milliseconds(TimeSpan time) => time.TotalMilliseconds.ToString("F1", CultureInfo.InvariantCulture);

    private static string Millions(double number) => $"{(number / 1e6).ToString("F2", CultureInfo.InvariantCulture)} M";
}
