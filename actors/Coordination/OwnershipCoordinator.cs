using Akka.Actor;
using Akka.Event;
using Akka.Persistence;
using Emulator.Actors.Hosts;
using Emulator.Actors.Ownership;
using Emulator.Hardware.Memory;
using static Emulator.Actors.Coordination.CoordinationEvents;
using static Emulator.Actors.Coordination.CoordinationMessages;

namespace Emulator.Actors.Coordination;

/// <summary>
/// Knows which tenant owns which group of which host. A decision is journalled before the host is told, its outcome before the requester is; after a
/// restart each group is restored to what the journal says, and a change without an outcome gets one.
/// </summary>
/// <remarks>Journals without waiting: what arrives while a batch is being written goes into the next one. What is on its way is in the group's lane.</remarks>
internal sealed class OwnershipCoordinator : UntypedPersistentActor, IWithTimers
{
    private readonly CoordinatorOptions _options;
    private readonly IReadOnlyList<IActorRef> _invited;
    private readonly OwnershipLedger _ledger;
    private readonly Dictionary<string, HostLane> _hosts = new(StringComparer.Ordinal);
    private readonly Dictionary<string, PendingChange> _pending = new(StringComparer.Ordinal);
    private readonly Queue<GroupLane> _ready = new();
    private readonly ILoggingAdapter _log = Context.GetLogger();
    private int _inFlight;
    private int _waiting;
    private long _snapshotAt;

    /// <summary>Makes it.</summary>
    /// <param name="options">How it works.</param>
    /// <param name="hosts">The hosts that are asked to join when it begins; others may join by themselves.</param>
    public OwnershipCoordinator(CoordinatorOptions options, IReadOnlyList<IActorRef> hosts)
    {
        _options = options;
        _invited = hosts;
        _ledger = new OwnershipLedger(options.OutcomesKept);
    }

    public override string PersistenceId => _options.PersistenceId;

    public ITimerScheduler Timers { get; set; } = null!;

    protected override void OnRecover(object message)
    {
        switch (message)
        {
            case SnapshotOffer offer:
                _ledger.Apply(offer.Snapshot);
                _snapshotAt = offer.Metadata.SequenceNr;
                break;
            case RecoveryCompleted:
                Begin();
                break;
            default:
                _ledger.Apply(message);
                break;
        }
    }

    // Logged by Akka, which stops this actor: nothing is done on a journal that can't be read, written or believed.
    protected override void OnPersistRejected(Exception cause, object @event, long sequenceNr)
    {
        base.OnPersistRejected(cause, @event, sequenceNr);
        throw new InvalidOperationException($"the journal has refused {@event}", cause);
    }

    protected override void OnCommand(object message)
    {
        switch (message)
        {
            case ChangeOwners change:
                Take(change.Changes);
                break;
            case ChangeDeviceOwner device:
                Take([new OwnerChange(device.Id, device.Host, GroupOf(device.Host, device.Device), device.ToTenant)]);
                break;
            case ChangeHostOwner host:
                Take(ChangesOf(host));
                break;
            case QueryOwners query:
                var asked = _hosts.Values.Where(host => query.Host == null || host.Record.Name == query.Host);
                Sender.Tell(new Owners([.. asked.SelectMany(host => host.Groups).Select(OwnerOf)]));
                break;
            case HostMessages.Reassigned done:
                Answered(done.Host, done.Group, done.Epoch);
                break;
            case HostMessages.GroupBlocked done:
                Answered(done.Host, done.Group, done.Epoch);
                break;
            case HostMessages.ReassignmentFailed failed:
                Answered(failed.Host, failed.Group, failed.Epoch, failed);
                break;
            case HostMessages.HostJoined joined:
                Admit(joined);
                break;
            case HostMessages.OwnerLost lost:
                Lose(lost);
                break;
            case RestoreAgain again:
                if (!again.Lane.InForce)
                    Restore(again.Lane);
                break;
            case Terminated gone:
                Leave(gone.ActorRef);
                break;
            case SaveSnapshotSuccess saved:
                DeleteSnapshots(new SnapshotSelectionCriteria(saved.Metadata.SequenceNr - 1));
                break;
            case SaveSnapshotFailure failed:
                _log.Warning(failed.Cause, "no snapshot of the coordinator could be saved");
                break;
            case DeleteSnapshotsSuccess or DeleteSnapshotsFailure:
                break;
            default:
                Unhandled(message);
                break;
        }
    }

    private void Begin()
    {
        foreach (var record in _ledger.Hosts)
        {
            var host = new HostLane(record);
            _hosts.Add(record.Name, host);
            foreach (var decided in record.Groups.Select(group => group.Decided).OfType<ChangeDecided>())
                _pending.Add(decided.Id, new PendingChange(new OwnerChange(decided.Id, decided.Host, decided.Group, decided.ToTenant)));
        }

        foreach (var host in _invited)
            host.Tell(new HostMessages.Join(Self));
    }

    private int GroupOf(string host, int device) =>
        _hosts.TryGetValue(host, out var lane) && device >= 0 && device < lane.Record.Admitted.Devices ? device / lane.Record.Admitted.GroupSize : -1;

    private OwnerChange[] ChangesOf(ChangeHostOwner change) => _hosts.TryGetValue(change.Host, out var host)
        ? [.. host.Groups.Select(lane => new OwnerChange($"{change.Id}/{lane.Group}", change.Host, lane.Group, change.ToTenant))]
        : [new OwnerChange(change.Id, change.Host, -1, change.ToTenant)];

    private static GroupOwner OwnerOf(GroupLane lane) => new(
        lane.Host.Record.Name, lane.Group, lane.Record.Owner, lane.Record.Epoch, lane.InForce && !lane.MustRestore && lane.Phase is LanePhase.Idle or LanePhase.Ready);

    private void Take(IReadOnlyList<OwnerChange> changes)
    {
        if (changes.Count == 0)
            Sender.Tell(new ChangesEnded([]));
        var request = new ChangeRequest(Sender, changes.Count);
        for (var i = 0; i < changes.Count; i++)
        {
            if (Take(changes[i], request, i) is { } reason)
                request.End(i, Refusal(changes[i], reason));
        }
    }

    // Why it is refused; null when it is not.
    private string? Take(OwnerChange change, ChangeRequest request, int index)
    {
        if (change.Id.Length is 0 or > CoordinatorOptions.MaxIdLength)
            return $"an id has 1 to {CoordinatorOptions.MaxIdLength} characters, not {change.Id.Length}";
        var known = _pending.TryGetValue(change.Id, out var pending) ? pending.Change : null;
        if (_ledger.TryGetOutcome(change.Id, out var outcome))
            known = outcome.Change;
        if (known != null && known != change)
            return $"the id was given to another change: {known}";
        if (outcome != null)
        {
            request.End(index, outcome);
            return null;
        }

        if (pending == null)
        {
            if (!_hosts.TryGetValue(change.Host, out var host))
                return $"there is no host {change.Host}";
            if (change.Group < 0 || change.Group >= host.Record.GroupCount)
                return $"host {change.Host} has no such group or device; it has {host.Record.Admitted.Devices} devices in {host.Record.GroupCount} groups";
            if (!host.Record.HasTenant(change.ToTenant))
                return $"{change.ToTenant} is no tenant of host {change.Host}";
            if (host.Actor == null)
                return $"host {change.Host} is away";
            if (_waiting >= _options.MaxChangesWaiting)
                return $"the queue is full: {_waiting} changes wait";
            pending = new PendingChange(change);
            _pending.Add(change.Id, pending);
            var lane = host.Groups[change.Group];
            lane.Waiting.Enqueue(pending);
            _waiting++;
            MakeReady(lane);
        }

        pending.Add(request, index);
        return null;
    }

    private void Restore(GroupLane lane)
    {
        lane.MustRestore = true;
        lane.InForce = false;
        MakeReady(lane);
    }

    private void MakeReady(GroupLane lane)
    {
        if (lane.Phase == LanePhase.Idle && lane.Host.Actor != null && (lane.MustRestore || lane.Waiting.Count > 0))
        {
            lane.Phase = LanePhase.Ready;
            _ready.Enqueue(lane);
        }

        while (_inFlight < _options.MaxChangesInFlight && _ready.TryDequeue(out var next))
            Start(next);
    }

    private void Start(GroupLane lane)
    {
        if (lane.Host.Actor == null)
        {
            lane.Phase = LanePhase.Idle;
            return;
        }

        _inFlight++;
        if (lane.MustRestore)
        {
            Tell(lane);
        }
        else
        {
            lane.Phase = LanePhase.Deciding;
            var change = lane.Waiting.Dequeue().Change;
            _waiting--;
            PersistThen(new ChangeDecided(change.Id, change.Host, change.Group, change.ToTenant), _ =>
            {
                if (lane.Host.Actor == null)
                    Release(lane);
                else
                    Tell(lane);
            });
        }
    }

    // Of the decided change; of the owner when there is none.
    private void Tell(GroupLane lane)
    {
        lane.Phase = LanePhase.Told;
        lane.MustRestore = lane.InForce = false;
        var record = lane.Record;
        var tenant = record.Decided?.ToTenant ?? record.Owner;
        lane.Host.Actor.Tell(tenant == OwnerTag.None
            ? new HostMessages.BlockGroup(lane.Group, AtLeast: record.Epoch)
            : new HostMessages.Reassign(lane.Group, tenant, AtLeast: record.Epoch));
    }

    private void Answered(string host, int group, Epoch epoch, HostMessages.ReassignmentFailed? failure = null)
    {
        // An older epoch is of a time before the host joined anew; none is a host's own refusal.
        if (LaneOf(host, group) is not { Phase: LanePhase.Told } lane || (epoch < lane.Record.Epoch && epoch != Epoch.None))
            return;
        var record = lane.Record;
        var reached = epoch < record.Epoch ? record.Epoch : epoch;
        if (record.Decided == null)
        {
            record.Epoch = reached;
            lane.InForce = failure == null;
            if (failure != null)
                RestoreLater(lane, failure);
            Release(lane);
            return;
        }

        lane.Phase = LanePhase.Ending;
        var ownerLost = failure?.State is OwnershipState.Blocking or OwnershipState.Blocked or OwnershipState.Attaching;
        PersistThen(failure == null ? new ChangeCompleted(host, group, reached) : new ChangeFailed(host, group, reached, ownerLost, failure.Reason), outcome =>
        {
            // What has failed half-way is nobody's: it is made sure that it is blocked.
            lane.InForce = !ownerLost;
            lane.MustRestore |= ownerLost;
            if (_pending.Remove(outcome!.Change.Id, out var pending))
                pending.End(outcome);
            Release(lane);
        });
    }

    private void Release(GroupLane lane)
    {
        _inFlight--;
        lane.Phase = LanePhase.Idle;
        lane.MustRestore |= lane.LostAt > lane.Record.Epoch;
        MakeReady(lane);
    }

    private void RestoreLater(GroupLane lane, HostMessages.ReassignmentFailed failure)
    {
        _log.Warning("group {0} of host {1} could not be restored to {2}: {3}", lane.Group, lane.Host.Record.Name, lane.Record.Owner, failure.Reason);
        Timers.StartSingleTimer(lane, new RestoreAgain(lane), _options.RestoreInterval);
    }

    private void Admit(HostMessages.HostJoined joined)
    {
        var floor = _ledger.TryGetHost(joined.Host, out var known) ? known.NextFloor : Epoch.None.Next;
        Persist(new HostAdmitted(joined.Host, joined.Devices, joined.GroupSize, joined.Tenants, floor), admitted =>
        {
            Apply(admitted);
            if (!_hosts.TryGetValue(joined.Host, out var host))
            {
                _ledger.TryGetHost(joined.Host, out var record);
                _hosts.Add(joined.Host, host = new HostLane(record!));
            }

            Leave(host);
            host.Actor = Context.Watch(joined.Actor);
            foreach (var lane in host.Groups)
                Restore(lane);
        });
    }

    private void Lose(HostMessages.OwnerLost lost)
    {
        if (LaneOf(lost.Host, lost.Group) is not { Host.Actor: not null } lane || lost.Epoch <= lane.Record.Epoch)
            return;
        lane.LostAt = lost.Epoch;
        if (lane.Phase is LanePhase.Idle or LanePhase.Ready)
            Restore(lane);
    }

    private void Leave(IActorRef actor)
    {
        foreach (var host in _hosts.Values.Where(host => actor.Equals(host.Actor)))
            Leave(host);
    }

    // Decided changes wait until it joins again; what was not decided is refused.
    private void Leave(HostLane host)
    {
        if (host.Actor == null)
            return;
        Context.Unwatch(host.Actor);
        host.Actor = null;
        foreach (var lane in host.Groups)
        {
            lane.InForce = false;
            while (lane.Waiting.TryDequeue(out var waiting))
            {
                _waiting--;
                _pending.Remove(waiting.Change.Id);
                waiting.End(Refusal(waiting.Change, $"host {host.Record.Name} is away"));
            }

            if (lane.Phase == LanePhase.Told)
                Release(lane);
        }
    }

    private GroupLane? LaneOf(string host, int group) =>
        _hosts.TryGetValue(host, out var lane) && group >= 0 && group < lane.Record.GroupCount ? lane.Groups[group] : null;

    private static ChangeOutcome Refusal(OwnerChange change, string reason) => new(change, ChangeResult.Refused, Epoch.None, reason);

    private void PersistThen(ICoordinationEvent decided, Action<ChangeOutcome?> then) => PersistAsync(decided, happened => then(Apply(happened)));

    private ChangeOutcome? Apply(ICoordinationEvent happened)
    {
        var outcome = _ledger.Apply(happened);
        if (LastSequenceNr - _snapshotAt >= _options.SnapshotEvery)
        {
            _snapshotAt = LastSequenceNr;
            SaveSnapshot(_ledger.TakeSnapshot());
        }

        return outcome;
    }

    private sealed record RestoreAgain(GroupLane Lane);
}
