using System.Diagnostics;
using Akka.Actor;
using Emulator.Actors.Hosts;
using Emulator.Actors.Programming;
using Emulator.Hardware.Memory;
using Emulator.Telemetry;
using static Emulator.Actors.Hosts.HostMessages;
using static Emulator.Actors.Ownership.OwnershipMessages;
using static Emulator.Actors.Programming.ProgrammingMessages;

namespace Emulator.Actors.Ownership;

/// <summary>
/// The ownership of one group. The one rule: it is blocked before it is reassigned; Blocked is entered only on the silicon's word, and only from Blocked
/// is anything attached. Each behaviour is named as its state.
/// </summary>
internal sealed class GroupActor : ReceiveActor, IWithUnboundedStash
{
    private readonly int _group;
    private readonly string _host;
    private readonly TimeProvider _time;
    private readonly IActorRef _translation;
    private readonly IActorRef _iommu;
    private OwnershipState _state;
    private Epoch _epoch;
    private OwnerTag _tenant;
    private GroupChange? _change;
    private bool _blockingFailed;

    public GroupActor(EmulatedHost host, int group, IActorRef translation, IActorRef iommu)
    {
        _group = group;
        _host = host.Specification.Name;
        _time = host.Specification.Time;
        _translation = translation;
        _iommu = iommu;
        Recovering();
    }

    public IStash Stash { get; set; } = null!;

    protected override void PreStart() => _translation.Tell(new QueryGroup(_group));

    // Also before a restart: who waits for a change gets an answer.
    protected override void PostStop() => Fail("the group's actor has crashed or was stopped");

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
            if (_epoch == Epoch.None)
                Enter(OwnershipState.Unclaimed, Unclaimed);
            else
                StartBlocking();
            Stash.UnstashAll();
        });
        Receive<SupervisionMessages.CrashActor>(crash => throw InjectedCrashException.Of(crash));
        // The silicon's actor has crashed: the question may be lost with it.
        Receive<BlockAgain>(_ => _translation.Tell(new QueryGroup(_group)));
        ReceiveAny(_ => Stash.Stash());
    }

    private void Unclaimed()
    {
        Receive<ClaimGroup>(claim =>
        {
            _tenant = claim.Tenant;
            Enter(OwnershipState.Claimed, Claimed);
            Sender.Tell(new GroupClaimed(_group, _tenant, _epoch));
        });
        Receive<Reassign>(reassign =>
        {
            Accept(new GroupChange(_time, Sender, reassign.ToTenant, reassign.Trace, isReassignment: false));
            StartBlocking();
        });
        Receive<BlockGroup>(block => AcceptBlock(block));
        Receive<BlockAgain>(_ => { });
        Always();
    }

    private void Claimed()
    {
        Receive<ClaimGroup>(claim => Refuse(Sender, $"the group is claimed by {_tenant}"));
        Receive<Reassign>(reassign => reassign.ToTenant != _tenant, _ => Refuse(Sender, $"the group is claimed by {_tenant}"));
        Receive<Reassign>(reassign =>
        {
            Accept(new GroupChange(_time, Sender, reassign.ToTenant, reassign.Trace, isReassignment: false));
            StartBlocking();
        });
        Receive<BlockGroup>(block => AcceptBlock(block));
        Receive<BlockAgain>(_ => { });
        Always();
    }

    private void Blocking()
    {
        Receive<BlockAcknowledged>(ack => ack.Epoch == _epoch, _ => _iommu.Tell(new ProgramBlock(_group, _epoch, Trace)));
        Receive<Programmed>(done => done.Epoch == _epoch && done.Purpose == RunPurpose.Block, done =>
        {
            if (done.Failure == null)
                _translation.Tell(new Fence(_group, _epoch, Trace));
            else
                FailBlocking($"blocking failed: {done.Failure}");
        });
        Receive<FencePassed>(fence => fence.Epoch == _epoch, _ =>
        {
            using var span = OwnershipActivities.Start(OwnershipActivities.Blocked, Trace, _host, _group, _epoch.Value);
            _tenant = OwnerTag.None;
            Enter(OwnershipState.Blocked, Blocked);
            if (_change is { Target: { } tenant })
                StartAttaching(tenant);
            else
                EndBlocked();
        });
        // Whoever asks while blocking has failed starts it again; who asks while it goes on for nobody's sake, as after a crash, waits for it.
        Receive<Reassign>(_ => _change != null, _ => Refuse(Sender, "a change is going on"));
        Receive<Reassign>(reassign =>
        {
            Accept(new GroupChange(_time, Sender, reassign.ToTenant, reassign.Trace, isReassignment: true));
            if (_blockingFailed)
                StartBlocking();
        });
        Receive<BlockGroup>(_ => _change != null, _ => Refuse(Sender, "a change is going on"));
        Receive<BlockGroup>(block =>
        {
            Accept(new GroupChange(_time, Sender, target: null, block.Trace, isReassignment: false));
            if (_blockingFailed)
                StartBlocking();
        });
        InChange();
    }

    private void Blocked()
    {
        Receive<Reassign>(reassign =>
        {
            Accept(new GroupChange(_time, Sender, reassign.ToTenant, reassign.Trace, isReassignment: true));
            StartAttaching(reassign.ToTenant);
        });
        Receive<BlockGroup>(_ => Sender.Tell(new GroupBlocked(_group, _epoch)));
        InChange();
    }

    private void Attaching()
    {
        Receive<AttachBegun>(ack => ack.Epoch == _epoch, _ => _iommu.Tell(new ProgramAttach(_group, _epoch, _tenant, Trace)));
        Receive<Programmed>(done => done.Epoch == _epoch && done.Purpose == RunPurpose.Attach, done =>
        {
            if (done.Failure == null)
                _translation.Tell(new CompleteAttach(_group, _epoch, Trace));
            else
                BlockAfter($"attaching failed: {done.Failure}");
        });
        Receive<AttachCompleted>(done => done.Epoch == _epoch, _ =>
        {
            Enter(OwnershipState.Attached, Attached);
            EndAttached();
        });
        Receive<Reassign>(_ => Refuse(Sender, "a change is going on"));
        Receive<BlockGroup>(_ => Refuse(Sender, "a change is going on"));
        InChange();
    }

    private void Attached()
    {
        Receive<Reassign>(reassign =>
        {
            Accept(new GroupChange(_time, Sender, reassign.ToTenant, reassign.Trace, isReassignment: true));
            StartBlocking();
        });
        Receive<BlockGroup>(block => AcceptBlock(block));
        InChange();
    }

    // Common to every state in which something has been programmed.
    private void InChange()
    {
        Receive<Refused>(refused => refused.Asked == _epoch, refused =>
        {
            if (refused.Epoch > _epoch)
                _epoch = refused.Epoch;
            BlockAfter($"refused: {refused.Reason}");
        });
        Receive<BlockAgain>(again => again.OnlyTenant == null || again.OnlyTenant == _tenant || again.OnlyTenant == _change?.Target, again => BlockAfter(again.Reason));
        Receive<BlockAgain>(_ => { });
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
    }

    private ActivityContext Trace => _change?.Trace ?? default;

    private void Accept(GroupChange change)
    {
        _change = change;
        var goesOn = _state == OwnershipState.Blocked || (_state == OwnershipState.Blocking && !_blockingFailed);
        change.Begin(_host, _group, goesOn ? _epoch : _epoch.Next);
    }

    private void AcceptBlock(BlockGroup block)
    {
        Accept(new GroupChange(_time, Sender, target: null, block.Trace, isReassignment: false));
        StartBlocking();
    }

    private void StartBlocking()
    {
        _epoch = _epoch.Next;
        _blockingFailed = false;
        Enter(OwnershipState.Blocking, Blocking);
        _translation.Tell(new Block(_group, _epoch, Trace));
    }

    private void StartAttaching(OwnerTag tenant)
    {
        Debug.Assert(_state == OwnershipState.Blocked, "only a blocked group is attached");
        _tenant = tenant;
        Enter(OwnershipState.Attaching, Attaching);
        _translation.Tell(new BeginAttach(_group, _epoch, tenant, Trace));
    }

    private void BlockAfter(string reason)
    {
        Fail(reason);
        StartBlocking();
    }

    private void FailBlocking(string reason)
    {
        _blockingFailed = true;
        Fail(reason);
    }

    private void EndBlocked()
    {
        _change?.Requester.Tell(new GroupBlocked(_group, _epoch));
        _change?.End(null);
        _change = null;
    }

    private void EndAttached()
    {
        if (_change is not { } change)
            return;
        _change = null;
        var blocked = change.End(null);
        change.Requester.Tell(new Reassigned(_group, _tenant, _epoch, blocked));
        Context.Parent.Tell(new ChangeEnded(_group, _tenant, _epoch, blocked, Succeeded: true, change.IsReassignment));
    }

    private void Fail(string reason)
    {
        if (_change is not { } change)
            return;
        _change = null;
        var blocked = change.End(reason);
        change.Requester.Tell(new ReassignmentFailed(_group, _state, _epoch, reason));
        Context.Parent.Tell(new ChangeEnded(_group, change.Target ?? OwnerTag.None, _epoch, blocked, Succeeded: false, change.IsReassignment));
    }

    private void Refuse(IActorRef requester, string reason) => requester.Tell(new ReassignmentFailed(_group, _state, _epoch, reason));

    private void Enter(OwnershipState state, Action behaviour)
    {
        _state = state;
        Become(behaviour);
    }
}
