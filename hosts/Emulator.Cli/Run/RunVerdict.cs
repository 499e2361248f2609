using static Emulator.Cli.Run.RunText;

namespace Emulator.Cli.Run;

/// <summary>Whether a run's checks held, in words.</summary>
/// <param name="Word">The verdict.</param>
/// <param name="IsGood">Whether all checks held.</param>
/// <param name="Early">What stands before the verdict; empty unless the run was ended early.</param>
/// <param name="Reason">What was done, and what came out.</param>
internal sealed record RunVerdict(string Word, bool IsGood, string Early, string Reason)
{
    /// <summary>The verdict on a run.</summary>
    public static RunVerdict Of(RunResult result)
    {
        var time = result.IsTimed ? $"{Time(result.Elapsed.TotalNanoseconds)} of virtual time" : $"{result.Elapsed.TotalSeconds:F1} s";
        var moved = $"{result.Reassignments} changes of owner, {result.ReassignmentsUnderLoad} of them under load";
        var scope = $"{Count(result.Dmas)} DMAs in {time} ({Count((long)result.DmaPerSecond)}/s), {moved}";
        var early = result.Interrupted ? "Ended early. " : "";
        if (result.Held)
            return new RunVerdict("Held", IsGood: true, early, $"{scope}; no DMA landed where its device had no right to read or write.");
        if (result.Violations > 0)
            return new RunVerdict("Violated", IsGood: false, early, $"{scope}; {Count(result.Violations)} DMAs landed where their device had no right to read or write.");
        var statistics = result.Hosts.Select(host => host.Statistics).ToList();
        return new RunVerdict(
            "Not proven",
            IsGood: false,
            early,
            $"{scope}; {statistics.Sum(s => s.ReassignmentsFailed)} changes of owner failed, {result.Hosts.Sum(host => host.Problems.Count)} problems are listed, "
            + $"{Count(statistics.Sum(s => s.Unchecked))} DMAs were not checked, {statistics.Sum(s => s.ActorRestarts)} actors crashed, "
            + $"{statistics.Sum(s => s.InterruptFailures)} interrupt handlers stopped.");
    }

    /// <summary>The verdict as a sentence.</summary>
    public override string ToString() => $"{Early}{Word}: {Reason}";
}
