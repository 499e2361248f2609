using Akka.Actor;
using Emulator.Actors.Devices;
using Emulator.Actors.Faults;
using Emulator.Actors.Hosts;
using Emulator.Actors.Isolation;
using Emulator.Actors.Ownership;
using Emulator.Actors.Programming;
using Emulator.Actors.Timing;
using Emulator.Hardware.Drivers;
using Emulator.Hardware.Iommus;

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
    private readonly SiliconOwnership _ownership;
    private readonly IActorRef _checker;
    private readonly IActorRef _iommu;
    private readonly ActorCell _cell;
    private readonly DmaBatch[] _answered = new DmaBatch[MaxAnswered];
    private IIommu[] _units;
    private readonly TimedSilicon? _timed;
    private readonly Action<DriverStep>? _afterStep;
    private HeldDma _held;
    private SiliconFaults? _faults;
    private int _answeredCount;
    private readonly bool _stampsBatches;
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
        _ownership = new SiliconOwnership(host, checker, this, Context.System.EventStream);
        _held = new HeldDma(host);
        _stampsBatches = host.Specification.ToleratedExposure > TimeSpan.Zero;
        _timed = host.Timed;
        if (_timed != null)
            (_timed.Answer, _timed.IsToldToContinue, _afterStep) = (AnswerTimed, false, _timed.Perform);
    }

    public ITimerScheduler Timers { get; set; } = null!;

    protected override void PreStart() => _ownership.StateAll();

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
        _ownership.BeginAgain();
        base.PostRestart(reason);
        Context.Parent.Tell(new SupervisionMessages.ChildRestarted(ActorKind.Translation, 0));
    }

    protected override void OnReceive(object message)
    {
        if (message is DmaBatch batch)
        {
            if (_timed != null)
                ReturnTimed(batch);
            else if (_faults == null)
                Translate(batch);
            else
                TranslateWithFaults(batch);
            return;
        }

        // What comes now may change who owns what: the witness is told in the order of the bus.
        SendAnswered();
        _timed?.Flush();
        switch (message)
        {
            case TimedMessages.Continue:
                _timed!.IsToldToContinue = false;
                Continue();
                break;
            case TimedMessages.Advance advance:
                _timed!.Ask(advance, Sender);
                Continue();
                break;
            case TimedMessages.Begin begin:
                _timed!.Begin(begin);
                break;
            case TimedMessages.End end:
                _timed!.End(end);
                Continue();
                break;
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
                _ownership.Block(block, Sender);
                break;
            case OwnershipMessages.Fence fence when _faults == null || Mutation == ProtocolMutation.FenceOvertakes || !_faults.Stalls(fence, Sender):
                _ownership.Fence(fence, Sender);
                break;
            case OwnershipMessages.Fence:
                break;
            case OwnershipMessages.GiveUpHeld give:
                _ownership.GiveUpHeld(give);
                break;
            case OwnershipMessages.BeginAttach attach:
                _ownership.BeginAttach(attach, Sender);
                break;
            case OwnershipMessages.CompleteAttach complete:
                _ownership.CompleteAttach(complete, Sender);
                break;
            case OwnershipMessages.QueryGroup query:
                Sender.Tell(new OwnershipMessages.GroupStatus(query.Group, _tenures[query.Group].State, _tenures[query.Group].Epoch));
                break;
            case IsolationMessages.StateGrants:
                _ownership.StateAll();
                break;
            case IsolationMessages.CollectStatistics collect:
                CountSilicon();
                _checker.Tell(collect with { VirtualNow = _timed?.Platform.Timeline.Now });
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
        Answer(batch);
        if (_answeredCount == MaxAnswered || !_cell.HasMessages)
            SendAnswered();
        Settle();
    }

    // What the devices send in virtual time: the slice, or the driver's step, is what is settled.
    private void AnswerTimed(DmaBatch batch)
    {
        Answer(batch);
        SendAnswered();
    }

    private void Answer(DmaBatch batch)
    {
        ref var tenure = ref _tenures[batch.Group];
        batch.CompletedIn = tenure.State;
        batch.CompletedUnder = tenure.Epoch;
        if (_stampsBatches)
            batch.AnsweredAt = _host.Time.GetTimestamp();
        _host.Dma.AddBatch(batch.Count, batch.IsStale);
        _host.Batches.AddAnswered(batch.Device);
        tenure.Held += _held.Count(batch);
        _answered[_answeredCount++] = batch;
    }

    private void ReturnTimed(DmaBatch batch)
    {
        _timed!.Return(batch);
        Continue();
    }

    // Not while an interrupt waits for its handler: when that comes is the threads' affair.
    private void Continue()
    {
        Settle();
        if (!_interruptSent)
            _timed!.Continue(Self);
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
        _ownership.PassWaitingFences();
    }

    private void Resume(object message, IActorRef sender)
    {
        if (message is DmaBatch batch)
            TranslateWithFaults(batch);
        else
            _ownership.Fence((OwnershipMessages.Fence)message, sender);
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
                _ownership.PassWaitingFences();
        }

        if (_interruptSent || _handlerFailed || _faults is { WithholdsInterrupts: true } || (_timed is { IsAdvancing: false } && !_ownership.IsWaiting))
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
            misses += iotlb.Fills;
        }

        _host.Dma.SetSilicon(faults, hits, misses);
    }

    private bool MayBegin(DriverRun run)
    {
        if (!run.HasBegun)
            _ownership.Grant(run);
        if (run.Group >= 0 && !run.HasBegun && run.Epoch != _tenures[run.Group].Epoch && Mutation != ProtocolMutation.AppliesLateRun)
            run.Refuse();
        return !run.IsFinished;
    }

    private void PerformRun(DriverRun run)
    {
        if (MayBegin(run))
            _host.Dma.AddDriverSteps(PerformAll(run));

        EndRun(run);
    }

    // A handler reads until the silicon's queue is empty: with DMA between its steps a storm of faults would keep it from ever ending.
    private int PerformAll(DriverRun run)
    {
        if (run.Purpose != RunPurpose.Interrupt || _timed == null)
            return run.PerformAll(_bus, _afterStep);
        var cost = 0L;
        var steps = run.PerformAll(_bus, step => cost += _timed.Platform.CostOf(step));
        _timed.Pass(cost);
        return steps;
    }

    private void PerformStep(ProgrammingMessages.PerformStep step)
    {
        if (step.Run.Performed == step.Index)
        {
            _host.Dma.AddDriverSteps(step.Run.Perform(_bus, _afterStep));
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
        _timed?.Flush();
        _ownership.End(run);
        Sender.Tell(new ProgrammingMessages.RunEnded(run));
        Settle();
        if (_timed != null && run.Purpose == RunPurpose.Interrupt)
            Continue();
    }
}
