using Emulator.Cli.Replay.Traces;
using Emulator.Hardware.Drivers;
using Emulator.Hardware.PageTables;

namespace Emulator.Cli.Tests.Replay;

/// <summary>The events of a recorded run through all ownership states, and what the traced kernel's tables held in each.</summary>
public static class OwnershipRun
{
    /// <summary>Above the addresses that the run's VFIO user maps.</summary>
    private const ulong UserAddresses = 0x1000_0000;

    /// <summary>The rows of ownership.tsv for a run, in the run's order: state, target, outcome, entry.</summary>
    public static IReadOnlyList<(string State, string Target, string Outcome, ulong[] Entry)> Rows(string run) =>
    [
        .. File.ReadLines(TraceData.Path("ownership.tsv")).Select(line => line.Split('\t')).Where(cells => cells[0] == run)
            .Select(cells => (cells[3], cells[4], cells[5], ReadWords(cells[6]))),
    ];

    /// <summary>The events of a run. AMD's were recorded without the kprobes that tell domain types and the user's protections: they are put in
    /// as the marks of the run describe the states.</summary>
    public static IReadOnlyList<TraceEvent> Events(string run)
    {
        var events = new List<TraceEvent>();
        using var reader = new TraceReader(TraceData.Trace(run));
        while (reader.TryRead(out var e))
            events.Add(e);
        return run.Contains("amd", StringComparison.Ordinal) ? Complete(events) : events;
    }

    private static List<TraceEvent> Complete(List<TraceEvent> events)
    {
        var completed = new List<TraceEvent>();
        var user = 0UL;
        for (var i = 0; i < events.Count; i++)
        {
            var e = events[i];
            var next = events.Skip(i).FirstOrDefault(later => later.Mark?.Contains("state=", StringComparison.Ordinal) == true).Mark ?? "";
            if (e.Kind == TraceEventKind.DomainAllocated)
            {
                var type = next.Contains("type-identity", StringComparison.Ordinal) ? DomainType.Identity
                    : next.Contains("state=S3-", StringComparison.Ordinal) || next.Contains("state=S4-", StringComparison.Ordinal) ? DomainType.Unmanaged
                    : DomainType.Dma;
                completed.Add(e with { Kind = TraceEventKind.DomainAllocating, DomainType = type });
                if (type == DomainType.Unmanaged)
                    user = e.Domain;
            }

            if (e.Kind is TraceEventKind.Mapped or TraceEventKind.Unmapped && e.Iova < UserAddresses)
            {
                var protection = next.Contains("readonly", StringComparison.Ordinal) ? Protection.Read : Protection.Read | Protection.Write;
                completed.Add(e with { Kind = e.Kind == TraceEventKind.Mapped ? TraceEventKind.Mapping : TraceEventKind.Unmapping, Domain = user, Protection = protection });
            }

            completed.Add(e);
            if (e.Kind == TraceEventKind.Unmapped && e.Iova < UserAddresses)
                completed.Add(e with { Kind = TraceEventKind.Syncing, Domain = user });
        }

        return completed;
    }

    private static ulong[] ReadWords(string entry) =>
        [.. entry.Split(' ', '=').Where(word => word.Length == 16).Select(word => Convert.ToUInt64(word, 16))];
}
