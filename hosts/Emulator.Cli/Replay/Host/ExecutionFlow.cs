using Emulator.Hardware.Drivers;
using Emulator.Hardware.PageTables;

namespace Emulator.Cli.Replay.Host;

/// <summary>What the kprobes of one flow of execution (see <see cref="Traces.TraceEvent.Flow"/>) have told and a tracepoint of it has not used up yet.</summary>
public sealed class ExecutionFlow
{
    /// <summary>Calls kept; a call that failed has no tracepoint and is pushed out by later ones.</summary>
    public const int MaxCalls = 64;

    private readonly List<DriverCall> _calls = [];

    /// <summary>The type that the last domain_alloc was called with.</summary>
    public DomainType? AllocatedType { get; set; }

    /// <summary>The domain's address of the last attach_dev.</summary>
    public ulong AttachingDomain { get; set; }

    /// <summary>The device of the last attach_dev.</summary>
    public string? AttachingDevice { get; set; }

    /// <summary>The device for which the DMA API was entered last.</summary>
    public string? DmaDevice { get; set; }

    /// <summary>The domain of unmaps whose sync no kprobe will tell.</summary>
    public ReplayDomain? ImpliedSync { get; set; }

    /// <summary>What unmaps of this flow left to be invalidated, by domain.</summary>
    public Dictionary<ReplayDomain, InvalidationGather> Gathers { get; } = [];

    /// <summary>Notes the beginning of a call.</summary>
    public void Begin(DriverCall call)
    {
        if (_calls.Count == MaxCalls)
            _calls.RemoveAt(0);
        _calls.Add(call);
    }

    /// <summary>Takes out the calls that make up a map or unmap of a range: the core cuts it by page sizes.</summary>
    /// <returns>Whether there was one.</returns>
    public bool TryTake(bool isMap, ulong iova, ulong size, out DriverCall call)
    {
        call = default;
        var found = false;
        for (var i = _calls.Count - 1; i >= 0; i--)
        {
            var candidate = _calls[i];
            if (candidate.IsMap != isMap || candidate.Iova < iova || candidate.Iova - iova >= size || (found && candidate.Domain != call.Domain))
                continue;
            (call, found) = (candidate, true);
            _calls.RemoveAt(i);
        }

        return found;
    }
}
