using Akka.Actor;
using Emulator.Actors.Core;
using Emulator.Actors.Devices;
using Emulator.Actors.Hosts;
using Emulator.Actors.Ownership;
using Emulator.Actors.Programming;
using Emulator.Hardware.Dma;
using Emulator.Hardware.Memory;

namespace Emulator.Actors.Isolation;

/// <summary>
/// The witness: sees each completed DMA and each ownership change in the order in which they happened at the silicon, and says what must not have
/// happened. It knows grants and landing addresses, and nothing of tables, drivers or strategies.
/// </summary>
internal sealed class IsolationChecker : UntypedActor
{
    private readonly EmulatedHost _host;
    private readonly PhysicalMemory _memory;
    private readonly OwnershipChanged[] _grants;
    private readonly DeviceTally[] _tallies;
    private readonly HashSet<OwnerTag>[] _earlier;
    private readonly long[] _left;
    private bool _knowsGrants;

    public IsolationChecker(EmulatedHost host)
    {
        _host = host;
        _memory = host.Platform.Memory;
        _tallies = host.Witness.Devices;
        var name = host.Specification.Name;
        _left = new long[host.Tenures.Length];
        _earlier = [.. Enumerable.Range(0, host.Tenures.Length).Select(_ => new HashSet<OwnerTag>())];
        _grants = [.. Enumerable.Range(0, host.Tenures.Length).Select(group => new OwnershipChanged(name, group, OwnershipState.Unclaimed, Epoch.None, OwnerTag.None))];
    }

    protected override void PreStart() => Context.Parent.Tell(new IsolationMessages.StateGrants());

    protected override void PreRestart(Exception reason, object message)
    {
        if (message is DmaBatch batch)
        {
            _host.Ownership.AddUnchecked(batch.Count);
            batch.Owner.Tell(batch);
        }

        base.PreRestart(reason, message);
    }

    protected override void PostRestart(Exception reason)
    {
        base.PostRestart(reason);
        Context.Parent.Tell(new SupervisionMessages.ChildRestarted(ActorKind.Checker, 0));
    }

    protected override void OnReceive(object message)
    {
        if (message is DmaBatch batch)
        {
            if (_knowsGrants && !batch.Lost)
                Check(batch);
            else
                _host.Ownership.AddUnchecked(batch.Count);
            batch.Owner.Tell(batch);
            return;
        }

        switch (message)
        {
            case OwnershipChanged changed:
                Note(changed);
                break;
            case IsolationMessages.GrantsStated:
                _knowsGrants = true;
                break;
            case IsolationMessages.CollectStatistics collect:
                collect.ReplyTo.Tell(Statistics() with { VirtualNow = collect.VirtualNow });
                break;
            case SupervisionMessages.CrashActor crash:
                throw InjectedCrashException.Of(crash);
            default:
                Unhandled(message);
                break;
        }
    }

    private void Note(OwnershipChanged changed)
    {
        var left = _grants[changed.Group].Granted;
        if (left != changed.Granted && left != OwnerTag.None)
            _earlier[changed.Group].Add(left);
        if (left != changed.Granted)
            _left[changed.Group] = changed.At;
        _grants[changed.Group] = changed;
    }

    private void Check(DmaBatch batch)
    {
        var grant = _grants[batch.Group];
        // Nobody's memory is never granted: while nothing is granted, each completed DMA is a violation.
        var granted = grant.State is OwnershipState.Blocked or OwnershipState.Unclaimed or OwnershipState.Claimed ? OwnerTag.None : grant.Granted;
        var allIsGranted = granted == KernelCore.AllMemory || grant.Leaving == KernelCore.AllMemory;
        var completions = batch.Completions.AsSpan(0, batch.Count);
        var completed = granted == OwnerTag.None ? 0 : CountLandedIn(granted, completions);
        var stalled = 0;
        for (var i = completed; i < completions.Length; i++)
        {
            ref readonly var completion = ref completions[i];
            if (completion.Status == DmaStatus.Completed)
            {
                var owner = _memory.OwnerOf(completion.Address.Value);
                // What the silicon sent to its protect buffer reached nobody: the device was refused, politely.
                if (owner == OwnerTag.ProtectBuffer)
                    continue;
                completed++;
                if (!allIsGranted && (owner == OwnerTag.None || (owner != granted && owner != grant.Leaving)))
                    Report(batch, i, grant, granted, owner);
            }
            else if (completion.Status == DmaStatus.Stalled)
            {
                stalled++;
            }
        }

        ref var tally = ref _tallies[batch.Device];
        tally.Dmas += completions.Length;
        tally.Completed += completed;
        tally.Stalled += stalled;
        tally.Aborted += completions.Length - completed - stalled;
        if (batch.IsStale)
            tally.Stale += completions.Length;
        _host.BatchObserver?.Invoke(batch);
    }

    // Almost every batch is right to its end, so that is looked at first and alone.
    private int CountLandedIn(OwnerTag granted, ReadOnlySpan<DmaCompletion> completions)
    {
        var landed = 0;
        while (landed < completions.Length && completions[landed].Status == DmaStatus.Completed && _memory.OwnerOf(completions[landed].Address.Value) == granted)
            landed++;
        return landed;
    }

    private void Report(DmaBatch batch, int index, OwnershipChanged grant, OwnerTag granted, OwnerTag owner)
    {
        var kind = Kind(batch, index, granted, owner);
        if (IsTolerated(batch, kind, owner))
            return;
        _host.Ownership.AddViolation();
        if (!_host.Witness.KeepsMore)
            return;
        ref readonly var request = ref batch.Requests[index];
        _host.Witness.Keep(new IsolationViolation(
            kind,
            batch.Device, batch.Group, request.Stream, request.Iova, request.Access, batch.Completions[index].Address, owner, granted, grant.State, grant.Epoch, batch.SentUnder));
    }

    // Lazy on purpose: how much that exposes is counted.
    private bool IsTolerated(DmaBatch batch, ViolationKinds kind, OwnerTag owner)
    {
        if (_host.Specification.ToleratedExposure == TimeSpan.Zero || kind == ViolationKinds.Identity || (kind != ViolationKinds.FreedMemory && !_earlier[batch.Group].Contains(owner)))
            return false;
        var after = _host.Time.GetElapsedTime(_left[batch.Group], batch.AnsweredAt);
        if (after > _host.Specification.ToleratedExposure)
            return false;
        _host.Ownership.AddExposed(after);
        return true;
    }

    private ViolationKinds Kind(DmaBatch batch, int index, OwnerTag granted, OwnerTag owner)
    {
        if (batch.Completions[index].Address.Value == batch.Requests[index].Iova.Value && (batch.Requests[index].Attributes & DmaAttributes.Translated) == 0)
            return ViolationKinds.Identity;
        if (owner == FreedTables.NextUser || owner == OwnerTag.None)
            return ViolationKinds.FreedMemory;
        if (granted == OwnerTag.None)
            return ViolationKinds.WhileBlocked;
        return _earlier[batch.Group].Contains(owner) ? ViolationKinds.OldDomain : ViolationKinds.ForeignMemory;
    }

    private HostStatistics Statistics() => new()
    {
        Host = _host.Specification.Name,
        Iommu = _host.Specification.Room.Name,
        Faults = _host.Dma.Faults,
        IotlbHits = _host.Dma.IotlbHits,
        IotlbMisses = _host.Dma.IotlbMisses,
        DriverSteps = _host.Dma.DriverSteps,
        Reassignments = _host.Ownership.Reassignments,
        ReassignmentsFailed = _host.Ownership.Failed,
        BlockedTime = _host.Ownership.BlockedTime,
        LongestBlockedTime = _host.Ownership.LongestBlockedTime,
        Violations = _host.Ownership.Violations,
        FirstViolations = _host.Witness.FirstViolations(),
        Exposed = _host.Ownership.Exposed,
        LongestExposure = _host.Ownership.LongestExposure,
        Unchecked = _host.Ownership.Unchecked,
        Abandoned = _host.Dma.Abandoned,
        InterruptFailures = _host.InterruptFailures.Count,
        FirstInterruptFailure = _host.InterruptFailures.First,
        ActorRestarts = _host.Ownership.ActorRestarts,
        Devices = [.. _tallies.Select((t, i) => new DeviceStatistics(_host.Devices[i].Name, t.Dmas, t.Completed, t.Aborted, t.Stalled, t.Stale))],
    };
}
