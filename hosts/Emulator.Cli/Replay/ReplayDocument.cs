namespace Emulator.Cli.Replay;

/// <summary>The document of <c>replay --json</c>.</summary>
/// <param name="Schema">Always <see cref="SchemaName"/>.</param>
/// <param name="Iommu">The IOMMU, as the catalogue names it.</param>
/// <param name="Events">Events of the trace by name.</param>
/// <param name="Dmas">Translated requests of the DMA log: matched + stale + mismatched + unattributed + violations.</param>
/// <param name="Matched">Requests that land where they landed there.</param>
/// <param name="Identity">Among matched, those of devices in a domain that passes addresses through.</param>
/// <param name="Stale">Requests that only a cached, unmapped and not yet invalidated translation explains.</param>
/// <param name="Mismatched">Requests that land elsewhere.</param>
/// <param name="Unattributed">Requests of which the trace does not tell enough.</param>
/// <param name="Violations">Requests that landed where their domain maps nothing.</param>
/// <param name="Refused">Requests that were refused there.</param>
/// <param name="RefusedAlike">Among refused, those that are refused here too.</param>
/// <param name="RefusedUnattributed">Among refused, those that pass here, but of whose mapping the trace does not tell enough.</param>
/// <param name="Bypassed">Requests that passed a stream in bypass there.</param>
/// <param name="BypassedAlike">Among bypassed, those that pass here too.</param>
/// <param name="BypassedUnattributed">Among bypassed, those that do not pass here, but of which the trace does not tell enough.</param>
/// <param name="DriverDifferences">Calls that our driver answered otherwise than the traced one.</param>
/// <param name="Assumptions">What the trace did not tell and was assumed, in words.</param>
/// <param name="Problems">Contradictions, the first ones in words.</param>
public sealed record ReplayDocument(
    string Schema,
    string Iommu,
    IReadOnlyDictionary<string, long> Events,
    long Dmas,
    long Matched,
    long Identity,
    long Stale,
    long Mismatched,
    long Unattributed,
    long Violations,
    long Refused,
    long RefusedAlike,
    long RefusedUnattributed,
    long Bypassed,
    long BypassedAlike,
    long BypassedUnattributed,
    long DriverDifferences,
    IReadOnlyList<string> Assumptions,
    IReadOnlyList<string> Problems)
{
    /// <summary>Name and version of this shape.</summary>
    public const string SchemaName = "emulator.replay/1";

    /// <summary>Makes the document.</summary>
    public static ReplayDocument Of(ReplayResult result)
    {
        ArgumentNullException.ThrowIfNull(result);
        var counts = result.Counts;
        return new ReplayDocument(
            SchemaName,
            result.Iommu,
            result.Events,
            counts.Dmas,
            counts.Matched,
            counts.Identity,
            counts.Stale,
            counts.Mismatched,
            counts.Unattributed,
            counts.Violations,
            counts.Refused,
            counts.RefusedAlike,
            counts.RefusedUnattributed,
            counts.Bypassed,
            counts.BypassedAlike,
            counts.BypassedUnattributed,
            result.DriverProblems.Count,
            result.Assumptions,
            [.. result.DriverProblems.Kept, .. result.DmaProblems.Kept]);
    }
}
