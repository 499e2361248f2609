using Emulator.Actors.Ownership;
using Emulator.Hardware.Memory;
using static Emulator.Actors.Coordination.CoordinationMessages;

namespace Emulator.Actors.Coordination;

/// <summary>What the coordinator journals.</summary>
internal static class CoordinationEvents
{
    /// <summary>A host has joined, for the first time or again. Its groups' epochs go on from <paramref name="Floor"/>, above all that it can have used before.</summary>
    public sealed record HostAdmitted(string Host, int Devices, int GroupSize, int Tenants, Epoch Floor) : ICoordinationEvent;

    /// <summary>A change is to be made. Before the host is told.</summary>
    public sealed record ChangeDecided(string Id, string Host, int Group, OwnerTag ToTenant) : ICoordinationEvent;

    /// <summary>The group's decided change was made. Before the requester is told.</summary>
    public sealed record ChangeCompleted(string Host, int Group, Epoch Epoch) : ICoordinationEvent;

    /// <summary>The group's decided change was not made. Before the requester is told.</summary>
    /// <param name="Host">The host's name.</param>
    /// <param name="Group">The group.</param>
    /// <param name="Epoch">Its epoch.</param>
    /// <param name="IsOwnerLost">Whether it belongs to nobody now; otherwise it has been left to the owner that it had.</param>
    /// <param name="Reason">Why.</param>
    public sealed record ChangeFailed(string Host, int Group, Epoch Epoch, bool IsOwnerLost, string Reason) : ICoordinationEvent;

    /// <summary>All that the events up to here have led to.</summary>
    public sealed record Snapshot(IReadOnlyList<HostSnapshot> Hosts, IReadOnlyList<ChangeOutcome> Outcomes) : ICoordinationEvent;

    public sealed record HostSnapshot(HostAdmitted Host, IReadOnlyList<GroupSnapshot> Groups);

    public sealed record GroupSnapshot(OwnerTag Owner, Epoch Epoch, ChangeDecided? Decided);
}
