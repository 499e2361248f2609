using Akka.Actor;

namespace Emulator.Actors.Coordination;

/// <summary>The changes of one host's groups.</summary>
internal sealed class HostLane(HostRecord record)
{
    private readonly List<GroupLane> _groups = [];

    public HostRecord Record { get; } = record;

    /// <summary>The host's actor; null while it is away.</summary>
    public IActorRef? Actor { get; set; }

    /// <summary>The groups that are there.</summary>
    public IReadOnlyList<GroupLane> Groups
    {
        get
        {
            while (_groups.Count < Record.GroupCount)
                _groups.Add(new GroupLane(this, _groups.Count, Record.Groups[_groups.Count]));
            return _groups.Count == Record.GroupCount ? _groups : _groups[..Record.GroupCount];
        }
    }
}
