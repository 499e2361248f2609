using System.Diagnostics.CodeAnalysis;
using static Emulator.Actors.Coordination.CoordinationEvents;
using static Emulator.Actors.Coordination.CoordinationMessages;

namespace Emulator.Actors.Coordination;

/// <summary>Who owns what, and what has become of changes: what the journalled events lead to, and nothing else.</summary>
/// <param name="outcomesKept">Outcomes that are remembered.</param>
internal sealed class OwnershipLedger(int outcomesKept)
{
    private readonly Dictionary<string, HostRecord> _hosts = new(StringComparer.Ordinal);
    private readonly Dictionary<string, ChangeOutcome> _outcomes = new(StringComparer.Ordinal);
    private readonly Queue<ChangeOutcome> _outcomesByAge = new();

    /// <summary>In the order in which they joined first.</summary>
    public IReadOnlyCollection<HostRecord> Hosts => _hosts.Values;

    public bool TryGetHost(string name, [NotNullWhen(true)] out HostRecord? host) => _hosts.TryGetValue(name, out host);

    public bool TryGetOutcome(string id, [NotNullWhen(true)] out ChangeOutcome? outcome) => _outcomes.TryGetValue(id, out outcome);

    /// <summary>Takes an event in.</summary>
    /// <returns>The outcome that it is, if it is one.</returns>
    /// <exception cref="InvalidDataException">It can't follow the events before it.</exception>
    public ChangeOutcome? Apply(object happened)
    {
        switch (happened)
        {
            case HostAdmitted admitted:
                if (!_hosts.TryGetValue(admitted.Host, out var host))
                    _hosts.Add(admitted.Host, host = new HostRecord(admitted));
                host.Admit(admitted);
                return null;
            case ChangeDecided decided:
                GroupOf(decided.Host, decided.Group).Decided = decided;
                return null;
            case ChangeCompleted completed:
                var group = GroupOf(completed.Host, completed.Group);
                (group.Owner, group.Epoch) = (DecidedOf(group, happened).ToTenant, completed.Epoch);
                return End(group, new ChangeOutcome(ChangeOf(group), ChangeResult.Completed, completed.Epoch, null));
            case ChangeFailed failed:
                group = GroupOf(failed.Host, failed.Group);
                DecidedOf(group, happened);
                group.Epoch = failed.Epoch;
                if (failed.IsOwnerLost)
                    group.Owner = default;
                return End(group, new ChangeOutcome(ChangeOf(group), ChangeResult.Failed, failed.Epoch, failed.Reason));
            case Snapshot snapshot:
                Restore(snapshot);
                return null;
            default:
                throw new InvalidDataException($"{happened.GetType().Name} is no event of the coordinator");
        }
    }

    public Snapshot TakeSnapshot() => new(
        [.. _hosts.Values.Select(host => new HostSnapshot(host.Admitted, [.. host.Groups.Select(group => new GroupSnapshot(group.Owner, group.Epoch, group.Decided))]))],
        [.. _outcomesByAge]);

    private static ChangeDecided DecidedOf(GroupRecord group, object happened) =>
        group.Decided ?? throw new InvalidDataException($"the coordinator's journal has {happened} where no change was decided");

    private static OwnerChange ChangeOf(GroupRecord group) => new(group.Decided!.Id, group.Decided.Host, group.Decided.Group, group.Decided.ToTenant);

    private GroupRecord GroupOf(string host, int group) => _hosts.TryGetValue(host, out var record) && group >= 0 && group < record.Groups.Count
        ? record.Groups[group]
        : throw new InvalidDataException($"the coordinator's journal has a change of group {group} of host {host}, which never joined with one");

    private ChangeOutcome End(GroupRecord group, ChangeOutcome outcome)
    {
        group.Decided = null;
        Remember(outcome);
        return outcome;
    }

    private void Remember(ChangeOutcome outcome)
    {
        _outcomes[outcome.Change.Id] = outcome;
        _outcomesByAge.Enqueue(outcome);
        if (_outcomesByAge.Count > outcomesKept)
            _outcomes.Remove(_outcomesByAge.Dequeue().Change.Id);
    }

    private void Restore(Snapshot snapshot)
    {
        foreach (var (admitted, groups) in snapshot.Hosts)
        {
            var host = new HostRecord(admitted);
            host.Restore(groups);
            _hosts[host.Name] = host;
        }

        foreach (var outcome in snapshot.Outcomes)
            Remember(outcome);
    }
}
