using Emulator.Cli.Replay.Loads;
using Emulator.Hardware.Devices;

namespace Emulator.Cli.Run;

/// <summary>Reads recorded traces as workloads: one program for each device of the DMA API in the trace. A trace is read once, however many hosts play it.</summary>
internal sealed class ReplayReader
{
    private readonly Dictionary<string, RecordedDmaCalls> _traces = new(StringComparer.Ordinal);

    /// <summary>Reads the programs of a trace's devices.</summary>
    /// <param name="fields">The workload: <c>trace</c>, <c>pace</c>, <c>loops</c>.</param>
    public IReadOnlyList<ReplayProgram> Read(YamlFields fields)
    {
        var name = fields.Text("trace") ?? throw fields.Refuse("trace", "is missing: the ftrace text of a machine whose DMA API calls were recorded");
        var path = Path.Combine(Path.GetDirectoryName(Path.GetFullPath(fields.File)) ?? "", name);
        var keepsPace = fields.Word("pace", true, ("recorded", true), ("back-to-back", false));
        var loops = fields.Number("loops", 1, 1_000_000) ?? 1;
        var calls = Load(fields, path);
        var recorded = calls.Recorded;
        return [.. Enumerable.Range(0, calls.Domains).Select(domain => new ReplayProgram
        {
            Source = name,
            Calls = CallsOf(calls, domain),
            RecordedCpus = calls.Cpus,
            WasLazy = calls.LazyDomains[domain],
            Recorded = new ReplayCounts(recorded.IommuMaps, recorded.IommuUnmaps, recorded.Syncs, recorded.Flushes),
            KeepsPace = keepsPace,
            Loops = loops,
        }).Where(program => program.Calls.Count > 0)];
    }

    private RecordedDmaCalls Load(YamlFields fields, string path)
    {
        if (_traces.TryGetValue(path, out var known))
            return known;
        try
        {
            return _traces[path] = RecordedDmaCalls.Read(path);
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException or InvalidDataException)
        {
            throw fields.Refuse("trace", e.Message);
        }
    }

    private static List<ReplayCall> CallsOf(RecordedDmaCalls calls, int domain)
    {
        var (list, live, buffers) = (new List<ReplayCall>(), new Dictionary<ulong, int>(), 0);
        foreach (var call in calls.Calls)
        {
            if (call.Domain != domain)
                continue;
            var kind = KindOf(call.Kind);
            var buffer = buffers;
            if (kind == ReplayCallKind.Unmap && !live.Remove(call.Iova, out buffer))
                continue;
            if (kind is ReplayCallKind.MapPage or ReplayCallKind.MapScatterList or ReplayCallKind.MapCoherent or ReplayCallKind.MapDoorbell)
                live[call.Iova] = buffers++;
            list.Add(new ReplayCall(kind, call.TimePs - calls.Calls[0].TimePs, call.Cpu, buffer, call.Direction, call.Memory, call.Offset, call.Size, call.ReclaimedByOwner));
        }

        return list;
    }

    private static ReplayCallKind KindOf(RecordedCallKind kind) => kind switch
    {
        RecordedCallKind.MapPage => ReplayCallKind.MapPage,
        RecordedCallKind.MapScatterList => ReplayCallKind.MapScatterList,
        RecordedCallKind.AllocateCoherent => ReplayCallKind.MapCoherent,
        RecordedCallKind.MapDoorbell => ReplayCallKind.MapDoorbell,
        RecordedCallKind.BecomeLazy => ReplayCallKind.BecomeLazy,
        RecordedCallKind.BeginFlush => ReplayCallKind.BeginFlush,
        RecordedCallKind.FinishFlush => ReplayCallKind.FinishFlush,
        _ => ReplayCallKind.Unmap,
    };
}
