using Emulator.Hardware.PageTables;

namespace Emulator.Cli.Replay.Host;

/// <summary>The invalidations that unmaps have gathered and that were not performed yet, in each flow of execution.</summary>
/// <param name="assumptions">Where an invalidation is counted that no event tells of.</param>
/// <param name="perform">Performs the invalidations of a domain.</param>
internal sealed class PendingSyncs(Assumptions assumptions, Action<ReplayDomain, InvalidationGather> perform)
{
    private readonly Dictionary<int, ExecutionFlow> _flows = [];
    private readonly List<ExecutionFlow> _implied = [];

    /// <summary>Whether some flow's invalidation is taken for granted: its unmap was told without the calls around it.</summary>
    public bool HasImplied => _implied.Count > 0;

    /// <summary>The flow of this number.</summary>
    public ExecutionFlow Flow(int key)
    {
        if (!_flows.TryGetValue(key, out var flow))
            _flows[key] = flow = new ExecutionFlow();
        return flow;
    }

    /// <summary>Where an unmap gathers.</summary>
    public static InvalidationGather Gather(ReplayDomain domain, ExecutionFlow flow)
    {
        if (!flow.Gathers.TryGetValue(domain, out var gather))
        {
            flow.Gathers[domain] = gather = new InvalidationGather();
            domain.Unsynced.Add(flow);
        }

        return gather;
    }

    /// <summary>Performs what a flow has gathered for a domain.</summary>
    /// <returns>Whether it had gathered anything.</returns>
    public bool Sync(ReplayDomain domain, ExecutionFlow flow)
    {
        if (!flow.Gathers.Remove(domain, out var gather))
            return false;
        domain.Unsynced.Remove(flow);
        perform(domain, gather);
        return true;
    }

    /// <summary>What the flow has gathered for the domain is performed before what comes next.</summary>
    public void Imply(ReplayDomain domain, ExecutionFlow flow)
    {
        flow.ImpliedSync = domain;
        _implied.Add(flow);
    }

    /// <summary>Performs what is taken for granted.</summary>
    public void SyncImplied()
    {
        foreach (var flow in _implied)
        {
            if (flow.ImpliedSync is { } domain)
                Sync(domain, flow);
            flow.ImpliedSync = null;
        }

        _implied.Clear();
    }

    /// <summary>An address is not given out again before its invalidation: a kprobe that an interrupt suppressed did not tell it.</summary>
    public void SyncBefore(ReplayDomain domain, ulong iova, ulong size)
    {
        for (var i = domain.Unsynced.Count - 1; i >= 0; i--)
        {
            var flow = domain.Unsynced[i];
            if (!flow.Gathers.TryGetValue(domain, out var gather) || gather.Start > iova + size - 1 || gather.End < iova)
                continue;
            assumptions.Syncs++;
            Sync(domain, flow);
        }
    }

    /// <summary>A domain is freed: nothing is invalidated for it any more.</summary>
    public void Forget(ReplayDomain domain)
    {
        foreach (var flow in _flows.Values)
            flow.Gathers.Remove(domain);
    }
}
