using System.Diagnostics;
using Akka.Actor;
using Akka.Event;
using Emulator.Actors.Faults;
using Emulator.Actors.Hosts;
using Emulator.Actors.Isolation;
using Emulator.Actors.Ownership;
using Emulator.Actors.Programming;
using Emulator.Hardware.Memory;
using Emulator.Telemetry;

namespace Emulator.Actors.Silicon;

/// <summary>The groups' states at the silicon: which conversation step is taken and which is refused, and who is told. Part of the translation actor, the one writer of the tenures.</summary>
internal sealed class SiliconOwnership(EmulatedHost host, IActorRef checker, IWithTimers actor, EventStream events)
{
    private readonly GroupTenure[] _tenures = host.Tenures;
    private readonly List<OwnershipMessages.Fence> _waitingFences = [];

    /// <summary>Whether a group waits for DMA that the silicon holds.</summary>
    public bool IsWaiting => _waitingFences.Count > 0;

    private ProtocolMutation Mutation => host.Specification.Mutation;

    /// <summary>The actor has crashed: every group that was ever programmed is Blocking until it has been blocked again.</summary>
    public void BeginAgain()
    {
        for (var group = 0; group < _tenures.Length; group++)
        {
            ref var tenure = ref _tenures[group];
            if (tenure.Epoch == Epoch.None)
                continue;
            tenure.State = OwnershipState.Blocking;
            tenure.BlockingDone = tenure.AttachingDone = false;
            host.TenureObserver?.Invoke(group, tenure);
            events.Publish(State(group));
        }
    }

    /// <summary>A run has ended: what it was for is done, in its epoch.</summary>
    public void End(DriverRun run)
    {
        var counts = run.HasSucceeded || (Mutation == ProtocolMutation.IgnoresBlockFailure && run.Purpose == RunPurpose.Block);
        if (run.Group >= 0 && counts && run.Epoch == _tenures[run.Group].Epoch)
        {
            ref var tenure = ref _tenures[run.Group];
            tenure.BlockingDone |= run.Purpose == RunPurpose.Block;
            tenure.AttachingDone |= run.Purpose == RunPurpose.Attach;
        }

        Grant(run);
    }

    /// <summary>What the core's groups may reach; those that the tenants have taken over have epochs.</summary>
    public void Grant(DriverRun run)
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

    /// <summary>A new epoch begins.</summary>
    public void Block(OwnershipMessages.Block block, IActorRef sender)
    {
        ref var tenure = ref _tenures[block.Group];
        if (block.Epoch <= tenure.Epoch && Mutation != ProtocolMutation.AcceptsOldEpoch)
        {
            Refuse(sender, block.Group, block.Epoch, "its epoch is not younger than the group's");
            return;
        }

        using var span = Start(OwnershipActivities.Block, block.Trace, block.Group, block.Epoch);
        tenure.Epoch = block.Epoch;
        tenure.State = OwnershipState.Blocking;
        tenure.BlockingDone = tenure.AttachingDone = false;
        Announce(block.Group);
        sender.Tell(new OwnershipMessages.BlockAcknowledged(block.Group, block.Epoch));
    }

    /// <summary>The line has drained: the group is Blocked, or waits for what the silicon holds.</summary>
    public void Fence(OwnershipMessages.Fence fence, IActorRef sender)
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
            if (!actor.Timers.IsTimerActive(giveUp))
                actor.Timers.StartSingleTimer(giveUp, giveUp, host.Specification.HeldDmaLimit);
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

    /// <summary>Fences that waited for held DMA try again.</summary>
    public void PassWaitingFences()
    {
        var waiting = _waitingFences.ToArray();
        _waitingFences.Clear();
        foreach (var fence in waiting)
            Fence(fence, fence.ReplyTo);
    }

    /// <summary>Held DMA is waited for no longer.</summary>
    public void GiveUpHeld(OwnershipMessages.GiveUpHeld give)
    {
        ref var tenure = ref _tenures[give.Group];
        if (give.Epoch != tenure.Epoch || tenure.State != OwnershipState.Blocking)
            return;
        host.Dma.AddAbandoned(tenure.Held);
        (tenure.Abandoned, tenure.Held) = (tenure.Abandoned + tenure.Held, 0);
        PassWaitingFences();
    }

    /// <summary>A blocked group is to join a tenant.</summary>
    public void BeginAttach(OwnershipMessages.BeginAttach attach, IActorRef sender)
    {
        ref var tenure = ref _tenures[attach.Group];
        if (attach.Epoch != tenure.Epoch || (tenure.State != OwnershipState.Blocked && Mutation != ProtocolMutation.AttachesBeforeBlocked))
        {
            Refuse(sender, attach.Group, attach.Epoch, "the group is not blocked in this epoch");
            return;
        }

        using var span = Start(OwnershipActivities.Attach, attach.Trace, attach.Group, attach.Epoch);
        tenure.State = OwnershipState.Attaching;
        tenure.Granted = attach.Tenant;
        Announce(attach.Group);
        sender.Tell(new OwnershipMessages.AttachBegun(attach.Group, attach.Epoch));
    }

    /// <summary>The attaching steps are done.</summary>
    public void CompleteAttach(OwnershipMessages.CompleteAttach complete, IActorRef sender)
    {
        ref var tenure = ref _tenures[complete.Group];
        if (complete.Epoch != tenure.Epoch || tenure.State != OwnershipState.Attaching || !tenure.AttachingDone)
        {
            Refuse(sender, complete.Group, complete.Epoch, "the group has not been attached in this epoch");
            return;
        }

        tenure.State = OwnershipState.Attached;
        Announce(complete.Group);
        sender.Tell(new OwnershipMessages.AttachCompleted(complete.Group, complete.Epoch, host.Time.GetTimestamp()));
    }

    private void Refuse(IActorRef sender, int group, Epoch asked, string reason)
    {
        ref var tenure = ref _tenures[group];
        sender.Tell(new OwnershipMessages.Refused(group, tenure.Epoch, tenure.State, asked, reason));
    }

    /// <summary>Tells the check where every group stands.</summary>
    public void StateAll()
    {
        for (var group = 0; group < _tenures.Length; group++)
            checker.Tell(State(group));
        checker.Tell(new IsolationMessages.GrantsStated());
    }

    private void Announce(int group)
    {
        var changed = State(group);
        host.TenureObserver?.Invoke(group, _tenures[group]);
        checker.Tell(changed);
        events.Publish(changed);
    }

    private OwnershipChanged State(int group)
    {
        ref var tenure = ref _tenures[group];
        return new OwnershipChanged(host.Specification.Name, group, tenure.State, tenure.Epoch, tenure.Granted, tenure.Leaving, host.Time.GetTimestamp());
    }

    private Activity? Start(string name, ActivityContext parent, int group, Epoch epoch) =>
        OwnershipActivities.Start(name, parent, host.Specification.Name, group, epoch.Value);
}
