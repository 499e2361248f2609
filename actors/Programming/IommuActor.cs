using System.Diagnostics;
using Akka.Actor;
using Emulator.Actors.Core;
using Emulator.Actors.Faults;
using Emulator.Actors.Hosts;
using Emulator.Actors.Ownership;
using Emulator.Actors.Silicon;
using Emulator.Hardware.Drivers;
using Emulator.Hardware.Memory;
using Emulator.Telemetry;
using static Emulator.Actors.Programming.ProgrammingMessages;

namespace Emulator.Actors.Programming;

/// <summary>
/// The driver of a host's IOMMU. One run at a time: groups, domains and interrupts wait in line. The driver's steps are performed by the silicon's
/// actor, whole runs in one message or step by step.
/// </summary>
internal sealed class IommuActor : UntypedActor, IWithTimers
{
    private const int NoStepYet = -1;
    private const int NoStepAnyMore = -2;

    private readonly EmulatedHost _host;
    private readonly IIommuDriver _driver;
    private readonly DriverMemory _memory;
    private readonly Queue<(object Request, IActorRef Sender)> _waiting = new();
    private readonly DriverFaults _faults;
    private IActorRef _translation = ActorRefs.Nobody;
    private int _awaitedStep = NoStepYet;
    private bool _interruptWaits;
    private Activity? _span;

    public IommuActor(EmulatedHost host)
    {
        _host = host;
        _driver = host.Platform.Driver;
        _memory = host.Driver;
        _faults = new DriverFaults(host.Specification.Mutation);
    }

    private int StepLimit => _host.Specification.DriverStepLimit;

    public ITimerScheduler Timers { get; set; } = null!;

    protected override void PreStart() => Context.Parent.Tell(new SiliconMessages.NeedSilicon());

    protected override void PostRestart(Exception reason)
    {
        // An interrupt that was waiting in line is lost; a handler that finds nothing does no harm.
        _interruptWaits = true;
        _waiting.Enqueue((InterruptRaised.Instance, ActorRefs.Nobody));
        base.PostRestart(reason);
        Context.Parent.Tell(new SupervisionMessages.ChildRestarted(ActorKind.Iommu, 0));
    }

    protected override void OnReceive(object message)
    {
        switch (message)
        {
            case StepPerformed performed:
                if (performed.Run == _memory.Current && performed.Index == _awaitedStep)
                    NextStep(performed.Run);
                break;
            case RunBegins begins:
                if (begins.Run == _memory.Current && _awaitedStep == NoStepYet && !begins.Run.HasBegun)
                    NextStep(begins.Run);
                break;
            case RunEnded ended:
                if (ended.Run == _memory.Current)
                    End(ended.Run);
                break;
            case CoreMessages.PerformCall or IommufdMessages.OpenIommufd or IommufdMessages.IommufdCall:
                _memory.Core!.Enqueue(message, Sender);
                Next();
                break;
            case ProgramBlock or ProgramAttach or SyncMap or Sync or MapByDriver or AllocateDomain:
                _waiting.Enqueue((message, Sender));
                Next();
                break;
            case InterruptRaised when !_interruptWaits:
                _interruptWaits = true;
                _waiting.Enqueue((message, Sender));
                Next();
                break;
            case InterruptRaised:
                break;
            case SiliconMessages.Silicon silicon:
                // Also after a crash of either side: what was on its way is finished first, as one run.
                _translation = silicon.Translation;
                if (_memory.Current is { } run)
                    FinishAsOne(run);
                else
                    Next();
                break;
            case RunOverdue overdue when overdue.Run == _memory.Current && overdue.Run.Performed == overdue.Performed:
                FinishAsOne(overdue.Run);
                break;
            case RunOverdue overdue:
                if (overdue.Run == _memory.Current)
                    Wait(overdue.Run);
                break;
            case FaultMessages.Strike strike:
                _faults.Strike(strike.Fault);
                break;
            case FaultMessages.DeviceGone:
                _waiting.Enqueue((message, Sender));
                Next();
                break;
            case SupervisionMessages.CrashActor crash:
                throw InjectedCrashException.Of(crash);
            default:
                Unhandled(message);
                break;
        }
    }

    private void Next()
    {
        while (_memory.Current == null && !_translation.IsNobody())
        {
            if (_memory.Probed < ProbeRuns)
            {
                Start(ProbeRun(_memory.Probed - 1));
            }
            else if (_memory.Core?.Next() is { } call)
            {
                Start(call);
            }
            else if (_waiting.TryDequeue(out var waiting))
            {
                Take(waiting.Request, waiting.Sender);
            }
            else
            {
                return;
            }
        }
    }

    private int ProbeRuns => 1 + _host.Devices.Count + (_memory.Core?.Groups.Count ?? 0);

    private DriverRun ProbeRun(int device) => device >= _host.Devices.Count
        ? _memory.Core!.Boot(device - _host.Devices.Count, Context.Parent)
        : new DriverRun(RunPurpose.Probe, Lazily(() => device < 0 ? _driver.Probe() : _driver.ProbeDevice(_host.Devices[device]))) { ReplyTo = Context.Parent };

    // A driver that throws when it is asked fails the run, not the actor.
    private static IEnumerable<DriverStep> Lazily(Func<IEnumerable<DriverStep>> operation)
    {
        foreach (var step in operation())
            yield return step;
    }

    private void Take(object request, IActorRef sender)
    {
        switch (request)
        {
            case ProgramBlock block when EmptyDomain(block.Group) is var (empty, refusal):
                if (refusal != null)
                {
                    sender.Tell(new Programmed(block.Group, block.Epoch, RunPurpose.Block, refusal));
                    break;
                }

                Start(new DriverRun(RunPurpose.Block, _faults.Of(RunPurpose.Block, empty != null, BlockSteps(block.Group, empty)), StepLimit)
                {
                    Group = block.Group,
                    Epoch = block.Epoch,
                    Domain = empty,
                    ReplyTo = sender,
                    Trace = block.Trace,
                });
                break;
            case ProgramAttach attach when _memory.Domains.TryGetValue(TenantOf(attach), out var domain):
                Start(new DriverRun(RunPurpose.Attach, _faults.Of(RunPurpose.Attach, true, AttachSteps(_host.DevicesOf(attach.Group), domain)), StepLimit)
                {
                    Group = attach.Group,
                    Epoch = attach.Epoch,
                    Domain = domain,
                    ReplyTo = sender,
                    Trace = attach.Trace,
                });
                break;
            case ProgramAttach attach:
                sender.Tell(new Programmed(attach.Group, attach.Epoch, RunPurpose.Attach, $"there is no domain of {attach.Tenant}"));
                break;
            case SyncMap map:
                Invalidate(Lazily(() => _driver.SyncMap(map.Domain, map.Iova, map.Size, map.Gather)), map.Ticket, sender);
                break;
            case Sync sync:
                Invalidate(Lazily(() => _driver.Sync(sync.Domain, sync.Gather)), sync.Ticket, sender);
                break;
            case MapByDriver map:
                Invalidate(map.Steps, map.Ticket, sender);
                break;
            case InterruptRaised:
                _interruptWaits = false;
                Start(new DriverRun(RunPurpose.Interrupt, Lazily(_driver.HandleInterrupt), StepLimit));
                break;
            case FaultMessages.DeviceGone gone:
                _host.Unplugged.Add(gone.Device);
                Start(new DriverRun(RunPurpose.Release, Lazily(() => _memory.Core?.Remove(gone.Device) ?? _driver.ReleaseDevice(_host.Devices[gone.Device])), StepLimit));
                break;
            case AllocateDomain allocate:
                Allocate(allocate.Tenant, sender);
                break;
        }
    }

    private void Invalidate(IEnumerable<DriverStep> steps, long ticket, IActorRef sender) =>
        Start(new DriverRun(RunPurpose.Invalidate, _faults.Of(RunPurpose.Invalidate, false, steps), StepLimit) { ReplyTo = sender, Ticket = ticket });

    private void Start(DriverRun run)
    {
        _host.FreedTables.Watch();
        _memory.Current = run;
        _awaitedStep = NoStepYet;
        if (run.Group >= 0)
        {
            _span = OwnershipActivities.Start(OwnershipActivities.Program, run.Trace, _host.Specification.Name, run.Group, run.Epoch.Value);
            Activity.Current = null;
        }

        // A handler reads until the silicon's queue is empty: with DMA between its steps a storm of faults would keep it from ever ending.
        var whole = _host.Pacing == DriverPacing.Whole || run.Purpose == RunPurpose.Interrupt;
        _translation.Tell(whole ? new PerformRun(run) : new BeginRun(run));
        Wait(run);
    }

    // What has begun is finished, whatever was lost on the way; a question that is asked twice is answered twice and done once.
    private void FinishAsOne(DriverRun run)
    {
        _awaitedStep = NoStepAnyMore;
        _translation.Tell(new PerformRun(run));
        Wait(run);
    }

    private void Wait(DriverRun run) => Timers.StartSingleTimer(nameof(RunOverdue), new RunOverdue(run, run.Performed), _host.Specification.AnswerLimit);

    private void NextStep(DriverRun run)
    {
        run.Advance();
        if (run.ProgramsGroups)
            _host.FreedTables.GiveAway();
        _awaitedStep = run.Performed;
        // A run that is finished has nothing left to perform; the silicon's actor notes its end.
        _translation.Tell(run.IsFinished ? new PerformRun(run) : new PerformStep(run, run.Performed));
    }

    private void End(DriverRun run)
    {
        _memory.Current = null;
        Timers.Cancel(nameof(RunOverdue));
        _span?.SetTag("emulator.purpose", run.Purpose.ToString()).SetTag("emulator.steps", run.Performed).Dispose();
        _span = null;
        var failure = run.HasSucceeded ? null : run.Outcome;
        switch (run.Purpose)
        {
            case RunPurpose.Probe:
                // A failed probe stops the line: nothing can be programmed.
                if (failure != null)
                {
                    run.ReplyTo.Tell(new IommuProbed(failure));
                    return;
                }

                _memory.Core?.End(run);
                if (++_memory.Probed == ProbeRuns)
                    run.ReplyTo.Tell(new IommuProbed(null));
                break;
            case RunPurpose.Block or RunPurpose.Attach:
                _host.FreedTables.GiveAway();
                if (run.HasSucceeded)
                    _memory.Attached[run.Group] = run.Domain;
                var programmed = new Programmed(run.Group, run.Epoch, run.Purpose, failure);
                if (failure == null && run.Purpose == RunPurpose.Attach)
                    _memory.Writers[run.Domain!].Tell(new MapAttached(programmed, run.ReplyTo));
                else
                    run.ReplyTo.Tell(programmed);
                break;
            case RunPurpose.Core:
                _host.FreedTables.GiveAway();
                _memory.Core!.End(run);
                break;
            case RunPurpose.Invalidate:
                run.ReplyTo.Tell(new Invalidated(run.Ticket, failure, run.Error));
                break;
            case RunPurpose.Interrupt when run.Failure != null:
                _host.InterruptFailures.Add(run.Failure);
                break;
        }

        Next();
    }

    private void Allocate(OwnerTag tenant, IActorRef sender)
    {
        try
        {
            if (!_memory.Domains.TryGetValue(tenant, out var domain))
            {
                domain = _driver.AllocateDomain(DomainType.Unmanaged);
                foreach (var device in _host.Devices)
                    _driver.Finalise(domain, device);
                if (domain.PageTable is { } table && _memory.Domains.Values.Any(other => other.PageTable == table))
                    throw new DriverException(Errno.EBUSY, "this IOMMU has one table for all domains: it cannot keep two tenants apart");
                _memory.Domains.Add(tenant, domain);
            }

            _memory.Writers[domain] = sender;
            sender.Tell(new DomainAllocated(domain));
        }
        catch (DriverException error)
        {
            sender.Tell(new DomainRefused(tenant, error.Message));
        }
    }

    private OwnerTag TenantOf(ProgramAttach attach)
    {
        if (_host.Specification.Mutation != ProtocolMutation.AttachesOldDomain)
            return attach.Tenant;
        var tenant = _memory.LastTenants[attach.Group] == OwnerTag.None ? attach.Tenant : _memory.LastTenants[attach.Group];
        return _memory.LastTenants[attach.Group] = tenant;
    }

    // The group's empty domain where the strategy needs one, or why there is none.
    private (IommuDomain? Domain, string? Refusal) EmptyDomain(int group)
    {
        if (_host.Specification.Strategy != BlockingStrategy.Empty)
            return (null, null);
        try
        {
            return (_memory.EmptyDomains[group] ??= _driver.AllocateDomain(DomainType.Unmanaged), null);
        }
        catch (DriverException error)
        {
            return (null, error.Message);
        }
    }

    private IEnumerable<DriverStep> BlockSteps(int group, IommuDomain? empty)
    {
        var devices = DevicesOf(group, RunPurpose.Block);
        if (empty != null)
            return AttachSteps(devices, empty);
        if (_host.Specification.Strategy == BlockingStrategy.Native)
            return DriverSequence.InTurn(devices.Select(_driver.Block));
        return _memory.Attached[group] is { } domain ? DriverSequence.InTurn(devices.Select(device => _driver.Detach(domain, device))) : [];
    }

    private IEnumerable<DriverStep> AttachSteps(IEnumerable<DmaDevice> devices, IommuDomain domain) => DriverSequence.InTurn(devices.Select(device =>
    {
        _driver.Finalise(domain, device);
        return _driver.Attach(domain, device);
    }).Concat(devices.Select(_driver.ResumeDevice)));

    private IEnumerable<DmaDevice> DevicesOf(int group, RunPurpose purpose) =>
        purpose == RunPurpose.Block && _host.Specification.Mutation == ProtocolMutation.ForgetsAlias ? _host.DevicesOf(group).SkipLast(1) : _host.DevicesOf(group);
}
