using Emulator.Actors.Ownership;

namespace Emulator.Actors.Coordination;

/// <summary>The changes of one group, one after the other. What a crash of the coordinator takes away.</summary>
internal sealed class GroupLane(HostLane host, int group, GroupRecord record)
{
    public HostLane Host { get; } = host;

    public int Group { get; } = group;

    public GroupRecord Record { get; } = record;

    public Queue<PendingChange> Waiting { get; } = new();

    public LanePhase Phase { get; set; }

    /// <summary>Whether the host must be told of the decided change again, or of the owner when there is none, before anything else.</summary>
    public bool MustRestore { get; set; }

    /// <summary>Whether the host has confirmed the owner.</summary>
    public bool InForce { get; set; }

    /// <summary>The epoch under which the group had to be blocked by itself, the last time.</summary>
    public Epoch LostAt { get; set; }
}
