using Emulator.Cli.Run.Timed;
using Emulator.Cli.Survey;

namespace Emulator.Cli.Run;

/// <summary>One host in the document of <c>run --json</c>.</summary>
/// <param name="Name">Its name.</param>
/// <param name="Iommu">Its kind of IOMMU.</param>
/// <param name="Variant">The IOMMU's variant.</param>
/// <param name="Kernel"><c>6.1</c> or <c>6.12</c>.</param>
/// <param name="Strategy"><c>native</c>, <c>empty</c> or <c>detach</c>.</param>
/// <param name="Dmas">DMAs that the silicon answered.</param>
/// <param name="DmaPerSecond">DMAs per second of virtual time, or of the wall clock where the host has none.</param>
/// <param name="Refused">DMAs that the silicon refused.</param>
/// <param name="IotlbHitRate">The part of IOTLB lookups that found an entry, 0 to 1.</param>
/// <param name="Faults">Faults that the silicon recorded.</param>
/// <param name="Reassignments">Changes of owner that ended with the new owner attached.</param>
/// <param name="ReassignmentsUnderLoad">Those completed before the last answer of the workload.</param>
/// <param name="ReassignmentsFailed">Changes of owner that failed.</param>
/// <param name="BlockedMilliseconds">The sum of the times that groups were blocked for a change of owner.</param>
/// <param name="LongestBlockedMilliseconds">The longest of them.</param>
/// <param name="Violations">DMAs that landed where their device had no right to read or write.</param>
/// <param name="Exposed">DMAs that reached an earlier owner's or freed memory for as long as the scenario tolerates it.</param>
/// <param name="LongestExposureMilliseconds">The longest time after a group had left its owner at which one of these landed.</param>
/// <param name="Unchecked">DMAs that no check has seen.</param>
/// <param name="ActorRestarts">Crashes of actors.</param>
/// <param name="Abandoned">DMAs that the silicon still held when their group was declared blocked.</param>
/// <param name="InterruptFailures">Runs of the interrupt handler in which the driver stopped, as a kernel would have.</param>
/// <param name="FirstInterruptFailure">Where it stopped first.</param>
/// <param name="FirstViolations">The first violations in words.</param>
/// <param name="Problems">Reassignments that failed, in words; the first ones.</param>
/// <param name="Virtual">What it did in virtual time; null for a host that has none, or whose workload was not ended.</param>
public sealed record RunDocumentHost(
    string Name,
    string Iommu,
    string Variant,
    string Kernel,
    string Strategy,
    long Dmas,
    double DmaPerSecond,
    long Refused,
    double IotlbHitRate,
    long Faults,
    long Reassignments,
    int ReassignmentsUnderLoad,
    long ReassignmentsFailed,
    double BlockedMilliseconds,
    double LongestBlockedMilliseconds,
    long Violations,
    long Exposed,
    double LongestExposureMilliseconds,
    long Unchecked,
    long ActorRestarts,
    long Abandoned,
    long InterruptFailures,
    string? FirstInterruptFailure,
    IReadOnlyList<string> FirstViolations,
    IReadOnlyList<string> Problems,
    TimedHostFigures? Virtual)
{
    /// <summary>Makes the entry.</summary>
    public static RunDocumentHost Of(HostResult host)
    {
        ArgumentNullException.ThrowIfNull(host);
        var (specification, statistics) = (host.Specification, host.Statistics);
        return new RunDocumentHost(
            specification.Name,
            specification.Room.Name,
            specification.Variant ?? specification.Room.Variants[0],
            SurveyText.Of(specification.Kernel),
            specification.Strategy.ToString().ToLowerInvariant(),
            statistics.Dmas,
            Math.Round(host.DmaPerSecond),
            statistics.Aborted,
            Math.Round(statistics.IotlbHitRate, 6),
            statistics.Faults,
            statistics.Reassignments,
            host.ReassignmentsUnderLoad,
            statistics.ReassignmentsFailed,
            Math.Round(statistics.BlockedTime.TotalMilliseconds, 3),
            Math.Round(statistics.LongestBlockedTime.TotalMilliseconds, 3),
            statistics.Violations,
            statistics.Exposed,
            Math.Round(statistics.LongestExposure.TotalMilliseconds, 3),
            statistics.Unchecked,
            statistics.ActorRestarts,
            statistics.Abandoned,
            statistics.InterruptFailures,
            statistics.FirstInterruptFailure,
            [.. statistics.FirstViolations.Select(violation => violation.ToString())],
            host.Problems,
            TimedHostFigures.Of(host));
    }
}
