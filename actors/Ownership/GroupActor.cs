using System.Diagnostics;
using Akka.Actor;
using Emulator.Actors.Core;
using Emulator.Actors.Faults;
using Emulator.Actors.Hosts;
using Emulator.Actors.Programming;
using Emulator.Hardware.Drivers;
using Emulator.Hardware.Memory;
using Emulator.Telemetry;
using static Emulator.Actors.Core.CoreMessages;
using static Emulator.Actors.Hosts.HostMessages;
using static Emulator.Actors.Ownership.OwnershipMessages;
using static Emulator.Actors.Programming.ProgrammingMessages;

namespace Emulator.Actors.Ownership;

/// <summary>
/// The ownership of one group. The one rule: it is blocked before it is reassigned; Blocked is entered only on the silicon's word, and only from Blocked
/// is anything attached. Each behaviour is named as its state.
/// </summary>
internal sealed class GroupActor : ReceiveActor, IWithUnboundedStash, IWithTimers
{
    private readonly int _group;
    private readonly string _host;
    private readonly TimeProvider _time;
    private readonly TimeSpan _answerLimit;
    private readonly bool _hasCore;
    private readonly ProtocolMutation _mutation;
    private readonly IActorRef _translation;
    private readonly IActorRef _iommu;
    private OwnershipState _state;
    private Epoch _epoch;
    private OwnerTag _tenant;
    private GroupChange? _change;
    private bool _blockingFailed;
    private PerformCall? _call;
    private (object Message, IActorRef Sender)? _taking;

    public GroupActor(EmulatedHost host, int group, IActorRef translation, IActorRef iommu)
    {
        _group = group;
        _host = host.Specification.Name;
        _hasCore = host.Driver.Core != null;
        _mutation = host.Specification.Mutation;
        _time = host.Time;
        _answerLimit = host.Specification.AnswerLimit;
        _translation = translation;
        _iommu = iommu;
        Recovering();
    }

    public IStash Stash { get; set; } = null!;

    public ITimerScheduler Timers { get; set; } = null!;

    protected override void PreStart() => AskAndWait(_translation, new QueryGroup(_group));

    // Also before a restart: who waits for a change gets an answer.
    protected override void PostStop()
    {
        const string Reason = "the group's actor has crashed or was stopped";
        Fail(Reason);
        if (_taking is { } taking)
            Refuse(taking.Sender, Reason);
    }

    protected override void PostRestart(Exception reason)
    {
        base.PostRestart(reason);
        Context.Parent.Tell(new SupervisionMessages.ChildRestarted(ActorKind.Group, _group));
    }

    // Nothing is known yet. Whatever was ever programmed is blocked again before anything else.
    private void Recovering()
    {
        Receive<GroupStatus>(status =>
        {
            _epoch = status.Epoch;
            if (_epoch == Epoch.None && _hasCore)
                Enter(OwnershipState.Core, Core);
            else if (_epoch == Epoch.None)
                Enter(OwnershipState.Unclaimed, Unclaimed);
            else
                BlockAfter("the group's actor has begun again");
            Stash.UnstashAll();
        });
        Receive<SupervisionMessages.CrashActor>(crash => throw InjectedCrashException.Of(crash));
        // The silicon's actor has crashed: the question may be lost with it.
        Receive<BlockAgain>(_ => AskAndWait(_translation, new QueryGroup(_group)));
        Receive<AnswerOverdue>(_ => AskAndWait(_translation, new QueryGroup(_group)));
        ReceiveAny(_ => Stash.Stash());
    }

    // Nobody's among the tenants; whose it is, the core knows. A tenant's first message takes the group over as any owner would, and waits for the core to agree.
    private void Core()
    {
        Receive<CallCore>(call => Call(call.Call, Sender));
        Receive<ClaimGroup>(Take);
        Receive<Reassign>(Take);
        Receive<BlockGroup>(Take);
        Receive<BlockAgain>(_ => { });
        Always();
    }

    // What the IOMMU's actor was asked is not lost when it crashes: it is part of what the kernel remembers.
    private void Calling()
    {
        Receive<CallEnded>(ended => ended.Call == _call, EndCall);
        Receive<CallEnded>(_ => { });
        Receive<BlockAgain>(_ => { });
        Receive<SupervisionMessages.CrashActor>(crash => throw InjectedCrashException.Of(crash));
        ReceiveAny(_ => Stash.Stash());
    }

    private void Unclaimed()
    {
        Receive<ClaimGroup>(claim =>
        {
            _tenant = claim.Tenant;
            Enter(OwnershipState.Claimed, Claimed);
            Sender.Tell(new GroupClaimed(_host, _group, _tenant, _epoch));
        });
        Receive<Reassign>(reassign => Accept(reassign, isReassignment: false));
        Receive<BlockGroup>(Accept);
        Receive<BlockAgain>(_ => { });
        Always();
    }

    private void Claimed()
    {
        Receive<ClaimGroup>(claim => Refuse(Sender, $"the group is claimed by {_tenant}"));
        Receive<Reassign>(reassign => reassign.ToTenant != _tenant, _ => Refuse(Sender, $"the group is claimed by {_tenant}"));
        Receive<Reassign>(reassign => Accept(reassign, isReassignment: false));
        Receive<BlockGroup>(Accept);
        Receive<BlockAgain>(_ => { });
        Always();
    }

    private void Blocking()
    {
        Receive<BlockAcknowledged>(ack => ack.Epoch == _epoch && _mutation == ProtocolMutation.AttachesBeforeBlocked && _change is { Target: not null }, _ => GoOnFromBlocked());
        Receive<BlockAcknowledged>(ack => ack.Epoch == _epoch, _ => AskAndWait(_iommu, new ProgramBlock(_group, _epoch, Trace)));
        Receive<Programmed>(done => done.Epoch == _epoch && done.Purpose == RunPurpose.Block, done =>
        {
            if (done.Failure == null || _mutation == ProtocolMutation.IgnoresBlockFailure)
                AskAndWait(_translation, new Fence(_group, _epoch, Trace));
            else
                FailBlocking($"blocking failed: {done.Failure}");
        });
        Receive<FencePassed>(fence => fence.Epoch == _epoch, _ =>
        {
            using var span = OwnershipActivities.Start(OwnershipActivities.Blocked, Trace, _host, _group, _epoch.Value);
            _tenant = OwnerTag.None;
            Enter(OwnershipState.Blocked, Blocked);
            GoOnFromBlocked();
        });
        // Whoever asks while blocking has failed starts it again; who asks while it goes on for nobody's sake, as after a crash, waits for it.
        InChange();
    }

    private void Blocked() => InChange();

    private void Attaching()
    {
        Receive<AttachBegun>(ack => ack.Epoch == _epoch, _ => AskAndWait(_iommu, new ProgramAttach(_group, _epoch, _tenant, Trace)));
        Receive<Programmed>(done => done.Epoch == _epoch && done.Purpose == RunPurpose.Attach, done =>
        {
            if (done.Failure == null)
            {
                AskAndWait(_translation, new CompleteAttach(_group, _epoch, Trace));
                if (_mutation == ProtocolMutation.AcknowledgesEarly)
                    EndAttached();
            }
            else
            {
                BlockAfter($"attaching failed: {done.Failure}");
            }
        });
        Receive<AttachCompleted>(done => done.Epoch == _epoch, done =>
        {
            _change?.AttachedAt = done.At;
            Enter(OwnershipState.Attached, Attached);
            EndAttached();
        });
        InChange();
    }

    private void Attached() => InChange();

    // Common to every state in which something has been programmed.
    private void InChange()
    {
        Receive<Reassign>(reassign => _change != null && reassign.AtLeast <= _epoch, _ => Refuse(Sender, "a change is going on"));
        Receive<Reassign>(reassign => Accept(reassign, isReassignment: true));
        Receive<BlockGroup>(block => _change != null && block.AtLeast <= _epoch, _ => Refuse(Sender, "a change is going on"));
        Receive<BlockGroup>(Accept);
        Receive<Refused>(refused => refused.Asked == _epoch, refused =>
        {
            if (refused.Epoch > _epoch)
                _epoch = refused.Epoch;
            BlockAfter($"refused: {refused.Reason}");
        });
        Receive<BlockAgain>(again => again.OnlyTenant == null || again.OnlyTenant == _tenant || again.OnlyTenant == _change?.Target, again => BlockAfter(again.Reason));
        Receive<BlockAgain>(_ => { });
        Receive<AnswerOverdue>(overdue => overdue.Epoch == _epoch && IsWaiting, _ => BlockAfter($"no answer for {_answerLimit.TotalSeconds:0.###} s"));
        Receive<ClaimGroup>(_ => Refuse(Sender, "the group is not unclaimed"));
        Always();
    }

    private void Always()
    {
        Receive<SupervisionMessages.CrashActor>(crash => throw InjectedCrashException.Of(crash));
        // What belongs to an epoch that is over.
        Receive<Refused>(_ => { });
        Receive<BlockAcknowledged>(_ => { });
        Receive<FencePassed>(_ => { });
        Receive<AttachBegun>(_ => { });
        Receive<AttachCompleted>(_ => { });
        Receive<Programmed>(_ => { });
        Receive<GroupStatus>(_ => { });
        Receive<AnswerOverdue>(_ => { });
        Receive<CallEnded>(_ => { });
        Receive<CallCore>(call => Sender.Tell(HeldByTenants(_host, call)));
    }

    private void Take(object message)
    {
        _taking = (message, Sender);
        Call(new CoreCall.ClaimForTenants(), ActorRefs.Nobody);
    }

    private void Call(CoreCall call, IActorRef requester)
    {
        _call = new PerformCall(_group, call, requester);
        _iommu.Tell(_call);
        Become(Calling);
    }

    private void EndCall(CallEnded ended)
    {
        _call = null;
        Enter(OwnershipState.Core, Core);
        if (_taking is { } taking)
        {
            _taking = null;
            if (ended.Answer.Errno == Errno.None)
            {
                Enter(OwnershipState.Unclaimed, Unclaimed);
                Stash.Prepend([new Envelope(taking.Message, taking.Sender)]);
            }
            else
            {
                Refuse(taking.Sender, $"the core refuses the tenants' claim (-{ended.Answer.Errno}): the group is {ended.Answer.State}, count {ended.Answer.OwnerCount}");
            }
        }

        Stash.UnstashAll();
    }

    private bool IsWaiting => _state == OwnershipState.Attaching || (_state == OwnershipState.Blocking && !_blockingFailed);

    // An answer may be lost: the epoch then ends, and nothing that still comes of it is applied.
    private void AskAndWait(IActorRef whom, object question)
    {
        whom.Tell(question);
        Timers.StartSingleTimer(nameof(AnswerOverdue), new AnswerOverdue(_epoch), _answerLimit);
    }

    private ActivityContext Trace => _change?.Trace ?? default;

    private void Accept(Reassign reassign, bool isReassignment) =>
        Accept(new GroupChange(_time, Sender, reassign.ToTenant, reassign.Trace, isReassignment), reassign.AtLeast);

    private void Accept(BlockGroup block) => Accept(new GroupChange(_time, Sender, target: null, block.Trace, isReassignment: false), block.AtLeast);

    // A block that goes on for nobody's sake, as after a crash, or that is done, serves this change too, unless the change needs a younger epoch.
    private void Accept(GroupChange change, Epoch atLeast)
    {
        Fail($"overtaken by a change that needs {atLeast}");
        _change = change;
        var isBlocked = _state == OwnershipState.Blocked;
        var goesOn = atLeast <= _epoch && (isBlocked || (_state == OwnershipState.Blocking && !_blockingFailed));
        change.Begin(_host, _group, goesOn ? _epoch : NextEpoch(atLeast));
        if (!goesOn)
            StartBlocking(atLeast);
        else if (isBlocked)
            GoOnFromBlocked();
    }

    private void GoOnFromBlocked()
    {
        if (_change is { Target: { } tenant })
            StartAttaching(tenant);
        else
            EndBlocked();
    }

    private Epoch NextEpoch(Epoch atLeast) => atLeast > _epoch ? atLeast : _epoch.Next;

    private void StartBlocking(Epoch atLeast = default)
    {
        _epoch = NextEpoch(atLeast);
        _blockingFailed = false;
        Enter(OwnershipState.Blocking, Blocking);
        AskAndWait(_translation, new Block(_group, _epoch, Trace));
    }

    private void StartAttaching(OwnerTag tenant)
    {
        Debug.Assert(_state == OwnershipState.Blocked || _mutation != ProtocolMutation.None, "only a blocked group is attached");
        _tenant = tenant;
        Enter(OwnershipState.Attaching, Attaching);
        AskAndWait(_translation, new BeginAttach(_group, _epoch, tenant, Trace));
    }

    private void BlockAfter(string reason)
    {
        Fail(reason);
        StartBlocking();
        Context.Parent.Tell(new OwnerLost(_host, _group, _epoch));
    }

    private void FailBlocking(string reason)
    {
        _blockingFailed = true;
        Timers.Cancel(nameof(AnswerOverdue));
        Fail(reason);
    }

    private void EndBlocked()
    {
        _change?.Requester.Tell(new GroupBlocked(_host, _group, _epoch));
        _change?.End(null);
        _change = null;
    }

    private void EndAttached()
    {
        if (_change is not { } change)
            return;
        _change = null;
        var blocked = change.End(null);
        change.Requester.Tell(new Reassigned(_host, _group, _tenant, _epoch, blocked));
        Context.Parent.Tell(new ChangeEnded(_group, _tenant, _epoch, blocked, Succeeded: true, change.IsReassignment));
    }

    private void Fail(string reason)
    {
        if (_change is not { } change)
            return;
        _change = null;
        var blocked = change.End(reason);
        change.Requester.Tell(new ReassignmentFailed(_host, _group, _state, _epoch, reason));
        Context.Parent.Tell(new ChangeEnded(_group, change.Target ?? OwnerTag.None, _epoch, blocked, Succeeded: false, change.IsReassignment));
    }

    private void Refuse(IActorRef requester, string reason) => requester.Tell(new ReassignmentFailed(_host, _group, _state, _epoch, reason));

    private void Enter(OwnershipState state, Action behaviour)
    {
        _state = state;
        if (!IsWaiting)
            Timers.Cancel(nameof(AnswerOverdue));
        Become(behaviour);
    }
}
