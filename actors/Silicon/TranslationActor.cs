using System.Diagnostics;
using Akka.Actor;
using Emulator.Actors.Devices;
using Emulator.Actors.Faults;
using Emulator.Actors.Hosts;
using Emulator.Actors.Isolation;
using Emulator.Actors.Ownership;
using Emulator.Actors.Programming;
using Emulator.Hardware.Drivers;
using Emulator.Hardware.Iommus;
using Emulator.Hardware.Memory;
using Emulator.Telemetry;

namespace Emulator.Actors.Silicon;

/// <summary>
/// The bus of a host: every DMA and every driver step is a message to it, so they interleave here as on a bus and nowhere else. It sends DMA through
/// the silicon whatever a group's state is - what blocks is the silicon - and stamps the answers with the state.
/// </summary>
/// <remarks>Fails closed: after a crash every group that was ever programmed is Blocking until it has been blocked again. Messages of an older epoch are refused with an answer.</remarks>
internal sealed class TranslationActor : UntypedActor, IWithTimers
{
    // Answered batches wait for each other while more are in line, as a device's completions wait for one interrupt: each wakes another thread otherwise.
    private const int MaxAnswered = 4;

    private readonly EmulatedHost _host;
    private readonly Bus _bus;
    private readonly GroupTenure[] _tenures;
    private readonly List<OwnershipMessages.Fence> _waitingFences = [];
    private readonly IActorRef _checker;
    private readonly IActorRef _iommu;
    private readonly ActorCell _cell;
    private readonly DmaBatch[] _answered = new DmaBatch[MaxAnswered];
    private IIommu[] _units;
    private HeldDma _held;
    private SiliconFaults? _faults;
    private int _answeredCount;
    private bool _interruptSent;
    private bool _handlerFailed;

    /// <summary>Makes it over a host's silicon.</summary>
    /// <param name="host">The host.</param>
    /// <param name="checker">Where answered DMA and ownership changes go.</param>
    /// <param name="iommu">Who handles interrupts.</param>
    public TranslationActor(EmulatedHost host, IActorRef checker, IActorRef iommu)
    {
        _host = host;
        (_checker, _iommu) = (checker, iommu);
        _cell = (ActorCell)Context;
        _bus = host.Platform.Bus;
        _units = [.. _bus.Units];
        _tenures = host.Tenures;
        _held = new HeldDma(host);
    }

    public ITimerScheduler Timers { get; set; } = null!;

    protected override void PreStart() => StateGrants();

    protected override void PreRestart(Exception reason, object message)
    {
        SendAnswered();
        if (message is DmaBatch batch)
            Lose(batch);
        foreach (var stalled in _faults?.EndAll() ?? [])
            Lose(stalled);

        base.PreRestart(reason, message);
    }

    protected override void PostRestart(Exception reason)
    {
        for (var group = 0; group < _tenures.Length; group++)
        {
            ref var tenure = ref _tenures[group];
            if (tenure.Epoch == Epoch.None)
                continue;
            tenure.State = OwnershipState.Blocking;
            tenure.BlockingDone = tenure.AttachingDone = false;
            _host.TenureObserver?.Invoke(group, tenure);
            Context.System.EventStream.Publish(State(group));
        }

        base.PostRestart(reason);
        Context.Parent.Tell(new SupervisionMessages.ChildRestarted(ActorKind.Translation, 0));
    }

    protected override void OnReceive(object message)
    {
        if (message is DmaBatch batch)
        {
            if (_faults == null)
                Translate(batch);
            else
                TranslateWithFaults(batch);
            return;
        }

        // What comes now may change who owns what: the witness is told in the order of the bus.
        SendAnswered();
        switch (message)
        {
            case ProgrammingMessages.PerformStep step:
                PerformStep(step);
                break;
            case ProgrammingMessages.PerformRun perform:
                PerformRun(perform.Run);
                break;
            case ProgrammingMessages.BeginRun begin:
                Sender.Tell(MayBegin(begin.Run) ? new ProgrammingMessages.RunBegins(begin.Run) : new ProgrammingMessages.RunEnded(begin.Run));
                break;
            case OwnershipMessages.Block block:
                Block(block);
                break;
            case OwnershipMessages.Fence fence when _faults == null || Mutation == ProtocolMutation.FenceOvertakes || !_faults.Stalls(fence, Sender):
                Fence(fence, Sender);
                break;
            case OwnershipMessages.Fence:
                break;
            case OwnershipMessages.GiveUpHeld give:
                GiveUpHeld(give);
                break;
            case OwnershipMessages.BeginAttach attach:
                BeginAttach(attach);
                break;
            case OwnershipMessages.CompleteAttach complete:
                CompleteAttach(complete);
                break;
            case OwnershipMessages.QueryGroup query:
                Sender.Tell(new OwnershipMessages.GroupStatus(query.Group, _tenures[query.Group].State, _tenures[query.Group].Epoch));
                break;
            case IsolationMessages.StateGrants:
                StateGrants();
                break;
            case IsolationMessages.CollectStatistics collect:
                CountSilicon();
                _checker.Tell(collect);
                break;
            case FaultMessages.Strike strike:
                Strike(strike.Fault);
                break;
            case FaultMessages.Over over:
                _faults?.End(over, Resume);
                Settle();
                break;
            case SupervisionMessages.CrashActor crash:
                throw InjectedCrashException.Of(crash);
            default:
                Unhandled(message);
                break;
        }
    }

    private void Translate(DmaBatch batch)
    {
        var unit = _units[batch.Unit];
        if (batch.KeepsFaults)
            unit.Faults.TakeAll();
        unit.Translate(batch.Requests.AsSpan(0, batch.Count), batch.Completions.AsSpan(0, batch.Count));
        if (batch.KeepsFaults)
            batch.Faults = unit.Faults.TakeAll();
        ref var tenure = ref _tenures[batch.Group];
        batch.CompletedIn = tenure.State;
        batch.CompletedUnder = tenure.Epoch;
        _host.Dma.AddBatch(batch.Count, batch.IsStale);
        _host.Batches.AddAnswered(batch.Device);
        tenure.Held += _held.Count(batch);
        _answered[_answeredCount++] = batch;
        if (_answeredCount == MaxAnswered || !_cell.HasMessages)
            SendAnswered();
        Settle();
    }

    private ProtocolMutation Mutation => _host.Specification.Mutation;

    private void TranslateWithFaults(DmaBatch batch)
    {
        if (_faults!.IsGone(batch))
        {
            Lose(batch);
        }
        else if (!_faults.Stalls(batch, ActorRefs.Nobody))
        {
            if (!_faults.NeverCompletes(batch))
            {
                Translate(batch);
                return;
            }

            ref var tenure = ref _tenures[batch.Group];
            (batch.CompletedIn, batch.CompletedUnder) = (tenure.State, tenure.Epoch);
            tenure.Held += _held.Count(batch);
            _host.Batches.AddAnswered(batch.Device);
            _checker.Tell(batch, ActorRefs.NoSender);
        }
    }

    // By way of the check, which counts what it could not see.
    private void Lose(DmaBatch batch)
    {
        batch.Lost = true;
        _host.Batches.AddAnswered(batch.Device);
        _checker.Tell(batch, ActorRefs.NoSender);
    }

    private void Strike(Fault fault)
    {
        _faults ??= new SiliconFaults(_host, Timers);
        if (fault.Kind != FaultKind.IommuReset)
        {
            _faults.Strike(fault);
            return;
        }

        // What the silicon held is gone with it.
        _bus.Reset(_host.Specification.CreatePlatform(_host.Platform.Memory).Bus);
        _units = [.. _bus.Units];
        for (var group = 0; group < _tenures.Length; group++)
            (_tenures[group].Held, _tenures[group].Abandoned) = (0, 0);
        _held = new HeldDma(_host);
        PassWaitingFences();
    }

    private void Resume(object message, IActorRef sender)
    {
        if (message is DmaBatch batch)
            TranslateWithFaults(batch);
        else
            Fence((OwnershipMessages.Fence)message, sender);
    }

    private void SendAnswered()
    {
        for (var i = 0; i < _answeredCount; i++)
            _checker.Tell(_answered[i], ActorRefs.NoSender);
        _answeredCount = 0;
    }

    // After anything that the silicon did: its counters, held DMA that it let go, its interrupt.
    private void Settle()
    {
        CountSilicon();
        if (_held.IsAny)
        {
            SendAnswered();
            if (_held.TakeResumed(_units, _tenures, _checker))
                PassWaitingFences();
        }

        if (_interruptSent || _handlerFailed || _faults is { WithholdsInterrupts: true })
            return;
        foreach (var unit in _units)
        {
            if (!unit.InterruptAsserted)
                continue;
            _interruptSent = true;
            _iommu.Tell(ProgrammingMessages.InterruptRaised.Instance, Self);
            return;
        }
    }

    private void CountSilicon()
    {
        var (faults, hits, misses) = (0L, 0L, 0L);
        foreach (var unit in _units)
        {
            faults += unit.Faults.Total;
            if (unit.Iotlb is not { } iotlb)
                continue;
            hits += iotlb.Hits;
            misses += iotlb.Misses;
        }

        _host.Dma.SetSilicon(faults, hits, misses);
    }

    private bool MayBegin(DriverRun run)
    {
        if (!run.HasBegun)
            Grant(run);
        if (run.Group >= 0 && !run.HasBegun && run.Epoch != _tenures[run.Group].Epoch && Mutation != ProtocolMutation.AppliesLateRun)
            run.Refuse();
        return !run.IsFinished;
    }

    private void PerformRun(DriverRun run)
    {
        if (MayBegin(run))
            _host.Dma.AddDriverSteps(run.PerformAll(_bus));

        EndRun(run);
    }

    private void PerformStep(ProgrammingMessages.PerformStep step)
    {
        if (step.Run.Performed == step.Index)
        {
            _host.Dma.AddDriverSteps(step.Run.Perform(_bus));
            Settle();
        }

        Sender.Tell(new ProgrammingMessages.StepPerformed(step.Run, step.Index));
    }

    private void EndRun(DriverRun run)
    {
        // A handler that threw would throw again: the interrupt waits until somebody programs a group.
        if (run.Purpose == RunPurpose.Interrupt)
            (_interruptSent, _handlerFailed) = (false, run.Failure != null);
        else if (run.ProgramsGroups)
            (_interruptSent, _handlerFailed) = (false, false);
        var counts = run.HasSucceeded || (Mutation == ProtocolMutation.IgnoresBlockFailure && run.Purpose == RunPurpose.Block);
        if (run.Group >= 0 && counts && run.Epoch == _tenures[run.Group].Epoch)
        {
            ref var tenure = ref _tenures[run.Group];
            tenure.BlockingDone |= run.Purpose == RunPurpose.Block;
            tenure.AttachingDone |= run.Purpose == RunPurpose.Attach;
        }

        Grant(run);
        Sender.Tell(new ProgrammingMessages.RunEnded(run));
        Settle();
    }

    // What the core's groups may reach; those that the tenants have taken over have epochs.
    private void Grant(DriverRun run)
    {
        foreach (var grant in run.Grants)
        {
            ref var tenure = ref _tenures[grant.Group];
            if (tenure.Epoch != Epoch.None)
                continue;
            (tenure.State, tenure.Granted, tenure.Leaving) = (OwnershipState.Core, grant.Granted, grant.Leaving);
            Announce(grant.Group);
        }
    }

    private void Block(OwnershipMessages.Block block)
    {
        ref var tenure = ref _tenures[block.Group];
        if (block.Epoch <= tenure.Epoch && Mutation != ProtocolMutation.AcceptsOldEpoch)
        {
            Refuse(Sender, block.Group, block.Epoch, "its epoch is not younger than the group's");
            return;
        }

        using var span = Start(OwnershipActivities.Block, block.Trace, block.Group, block.Epoch);
        tenure.Epoch = block.Epoch;
        tenure.State = OwnershipState.Blocking;
        tenure.BlockingDone = tenure.AttachingDone = false;
        Announce(block.Group);
        Sender.Tell(new OwnershipMessages.BlockAcknowledged(block.Group, block.Epoch));
    }

    private void Fence(OwnershipMessages.Fence fence, IActorRef sender)
    {
        ref var tenure = ref _tenures[fence.Group];
        if (fence.Epoch != tenure.Epoch || tenure.State != OwnershipState.Blocking)
        {
            Refuse(sender, fence.Group, fence.Epoch, "the group is not being blocked in this epoch");
        }
        else if (!tenure.BlockingDone)
        {
            Refuse(sender, fence.Group, fence.Epoch, "the blocking steps of this epoch have not been performed");
        }
        else if (tenure.Held > 0 && Mutation != ProtocolMutation.IgnoresHeldDma)
        {
            _waitingFences.Add(fence with { ReplyTo = sender });
            var giveUp = new OwnershipMessages.GiveUpHeld(fence.Group, fence.Epoch);
            if (!Timers.IsTimerActive(giveUp))
                Timers.StartSingleTimer(giveUp, giveUp, _host.Specification.HeldDmaLimit);
        }
        else
        {
            using var span = Start(OwnershipActivities.Fence, fence.Trace, fence.Group, fence.Epoch);
            tenure.State = OwnershipState.Blocked;
            tenure.Granted = OwnerTag.None;
            Announce(fence.Group);
            sender.Tell(new OwnershipMessages.FencePassed(fence.Group, fence.Epoch));
        }
    }

    private void PassWaitingFences()
    {
        var waiting = _waitingFences.ToArray();
        _waitingFences.Clear();
        foreach (var fence in waiting)
            Fence(fence, fence.ReplyTo);
    }

    private void GiveUpHeld(OwnershipMessages.GiveUpHeld give)
    {
        ref var tenure = ref _tenures[give.Group];
        if (give.Epoch != tenure.Epoch || tenure.State != OwnershipState.Blocking)
            return;
        _host.Dma.AddAbandoned(tenure.Held);
        (tenure.Abandoned, tenure.Held) = (tenure.Abandoned + tenure.Held, 0);
        PassWaitingFences();
    }

    private void BeginAttach(OwnershipMessages.BeginAttach attach)
    {
        ref var tenure = ref _tenures[attach.Group];
        if (attach.Epoch != tenure.Epoch || (tenure.State != OwnershipState.Blocked && Mutation != ProtocolMutation.AttachesBeforeBlocked))
        {
            Refuse(Sender, attach.Group, attach.Epoch, "the group is not blocked in this epoch");
            return;
        }

        using var span = Start(OwnershipActivities.Attach, attach.Trace, attach.Group, attach.Epoch);
        tenure.State = OwnershipState.Attaching;
        tenure.Granted = attach.Tenant;
        Announce(attach.Group);
        Sender.Tell(new OwnershipMessages.AttachBegun(attach.Group, attach.Epoch));
    }

    private void CompleteAttach(OwnershipMessages.CompleteAttach complete)
    {
        ref var tenure = ref _tenures[complete.Group];
        if (complete.Epoch != tenure.Epoch || tenure.State != OwnershipState.Attaching || !tenure.AttachingDone)
        {
            Refuse(Sender, complete.Group, complete.Epoch, "the group has not been attached in this epoch");
            return;
        }

        tenure.State = OwnershipState.Attached;
        Announce(complete.Group);
        Sender.Tell(new OwnershipMessages.AttachCompleted(complete.Group, complete.Epoch));
    }

    private void Refuse(IActorRef sender, int group, Epoch asked, string reason)
    {
        ref var tenure = ref _tenures[group];
        sender.Tell(new OwnershipMessages.Refused(group, tenure.Epoch, tenure.State, asked, reason));
    }

    private void StateGrants()
    {
        for (var group = 0; group < _tenures.Length; group++)
            _checker.Tell(State(group));
        _checker.Tell(new IsolationMessages.GrantsStated());
    }

    private void Announce(int group)
    {
        var changed = State(group);
        _host.TenureObserver?.Invoke(group, _tenures[group]);
        _checker.Tell(changed);
        Context.System.EventStream.Publish(changed);
    }

    private OwnershipChanged State(int group)
    {
        ref var tenure = ref _tenures[group];
        return new OwnershipChanged(_host.Specification.Name, group, tenure.State, tenure.Epoch, tenure.Granted, tenure.Leaving);
    }

    private Activity? Start(string name, ActivityContext parent, int group, Epoch epoch) =>
        OwnershipActivities.Start(name, parent, _host.Specification.Name, group, epoch.Value);
}
