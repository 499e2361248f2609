using Emulator.Cli.Run.Timed;

namespace Emulator.Cli.Run;

/// <summary>The document of <c>run --json</c>.</summary>
/// <param name="Schema">Always <see cref="SchemaName"/>.</param>
/// <param name="Dmas">DMAs that the silicon of all hosts answered.</param>
/// <param name="DmaPerSecond">DMAs per second: of virtual time where all hosts have one, else of the wall clock.</param>
/// <param name="IotlbHitRate">The part of IOTLB lookups that found an entry, 0 to 1.</param>
/// <param name="Faults">Faults that silicon recorded.</param>
/// <param name="Reassignments">Changes of owner that ended with the new owner attached.</param>
/// <param name="Violations">DMAs that landed where their device had no right to read or write.</param>
/// <param name="Hosts">Each host.</param>
/// <param name="Virtual">What the hosts with virtual time did in it, together; null when there is none.</param>
/// <param name="Comparison">Hosts that run the same program in different DMA modes, a row for each; empty when there are none.</param>
public sealed record RunDocument(
    string Schema,
    long Dmas,
    double DmaPerSecond,
    double IotlbHitRate,
    long Faults,
    long Reassignments,
    long Violations,
    IReadOnlyList<RunDocumentHost> Hosts,
    TimedRunFigures? Virtual,
    IReadOnlyList<DmaModeComparison> Comparison)
{
    /// <summary>Name and version of this shape.</summary>
    public const string SchemaName = "emulator.run/1";

    /// <summary>Makes the document.</summary>
    public static RunDocument Of(RunResult result)
    {
        ArgumentNullException.ThrowIfNull(result);
        return new RunDocument(
            SchemaName,
            result.Dmas,
            Math.Round(result.DmaPerSecond),
            Math.Round(result.IotlbHitRate, 6),
            result.Hosts.Sum(host => host.Statistics.Faults),
            result.Reassignments,
            result.Violations,
            [.. result.Hosts.Select(RunDocumentHost.Of)],
            TimedRunFigures.Of(result),
            DmaModeComparison.Of(result));
    }
}
