using System.Diagnostics;
using Akka.Actor;
using Emulator.Actors.Devices;
using Emulator.Actors.Ownership;
using Emulator.Hardware.Dma;
using Emulator.Hardware.Memory;

namespace Emulator.Actors.Hosts;

/// <summary>The conversation with a host from outside.</summary>
public static class HostMessages
{
    /// <summary>Asks to be told when the host stands: IOMMU probed, domains mapped, every group attached to its first tenant, blocked, or in its default domain, as
    /// <see cref="HostSpecification.Start"/> says. Answer: <see cref="HostStarted"/> or <see cref="HostFailed"/>.</summary>
    public sealed record WaitUntilStarted;

    /// <summary>The host stands.</summary>
    /// <param name="Host">Its name.</param>
    public sealed record HostStarted(string Host);

    /// <summary>The host can't be brought up.</summary>
    /// <param name="Host">Its name.</param>
    /// <param name="Reason">Why, in one line.</param>
    public sealed record HostFailed(string Host, string Reason);

    /// <summary>Starts every device's workload.</summary>
    public sealed record StartWorkload;

    /// <summary>Stops every device's workload: no new batch is sent; those in flight return.</summary>
    public sealed record StopWorkload;

    /// <summary>Asks to be told when every device has got all its answers. Answer: <see cref="WorkloadFinished"/>.</summary>
    public sealed record WaitForWorkload;

    /// <summary>Every device has sent all its DMAs, or was stopped, and has got all answers.</summary>
    /// <param name="Host">The host's name.</param>
    public sealed record WorkloadFinished(string Host);

    /// <summary>Has a device send DMA besides its workload. Answer: its <see cref="DmaBatch"/> with the completions and the silicon's fault records, when the isolation check has
    /// seen it; <see cref="Akka.Actor.Status.Failure"/> when there is no such device, or more than <see cref="DmaBatch.Capacity"/> requests.</summary>
    /// <param name="Device">The device, from 0.</param>
    /// <param name="Requests">The DMA, 1 to <see cref="DmaBatch.Capacity"/>; the device puts its stream and tags into each.</param>
    public sealed record SendDma(int Device, IReadOnlyList<DmaRequest> Requests);

    /// <summary>Moves a group to a tenant. Answer: <see cref="Reassigned"/> or <see cref="ReassignmentFailed"/>.</summary>
    /// <param name="Group">The group, from 0.</param>
    /// <param name="ToTenant">The owner tag of the tenant.</param>
    /// <param name="Trace">The trace that the change is part of; default begins one.</param>
    /// <param name="AtLeast">The oldest epoch that the tenure may have. A group of an older one is blocked under this one; what went on with it is fenced off.</param>
    public sealed record Reassign(int Group, OwnerTag ToTenant, ActivityContext Trace = default, Epoch AtLeast = default);

    /// <summary>A group has changed its owner.</summary>
    /// <param name="Host">The host's name.</param>
    /// <param name="Group">The group.</param>
    /// <param name="Tenant">Its owner now.</param>
    /// <param name="Epoch">The epoch of the tenure.</param>
    /// <param name="BlockedTime">From the request to block until the new owner was attached; by <see cref="HostSpecification.Time"/>.</param>
    public sealed record Reassigned(string Host, int Group, OwnerTag Tenant, Epoch Epoch, TimeSpan BlockedTime);

    /// <summary>A group has not changed its owner as asked.</summary>
    /// <param name="Host">The host's name.</param>
    /// <param name="Group">The group.</param>
    /// <param name="State">Where it stands.</param>
    /// <param name="Epoch">Its epoch.</param>
    /// <param name="Reason">Why, in one line.</param>
    public sealed record ReassignmentFailed(string Host, int Group, OwnershipState State, Epoch Epoch, string Reason);

    /// <summary>Blocks a group and leaves it so. Answer: <see cref="GroupBlocked"/> or <see cref="ReassignmentFailed"/>.</summary>
    /// <param name="Group">The group, from 0.</param>
    /// <param name="Trace">The trace that the change is part of; default begins one.</param>
    /// <param name="AtLeast">As of <see cref="Reassign"/>.</param>
    public sealed record BlockGroup(int Group, ActivityContext Trace = default, Epoch AtLeast = default);

    /// <summary>A group is blocked.</summary>
    /// <param name="Host">The host's name.</param>
    /// <param name="Group">The group.</param>
    /// <param name="Epoch">Its epoch.</param>
    public sealed record GroupBlocked(string Host, int Group, Epoch Epoch);

    /// <summary>Claims a group that is nobody's for a tenant: from then on it can only be attached to that one first.
    /// Answer: <see cref="GroupClaimed"/> or <see cref="ReassignmentFailed"/>.</summary>
    /// <param name="Group">The group, from 0.</param>
    /// <param name="Tenant">The owner tag of the tenant.</param>
    public sealed record ClaimGroup(int Group, OwnerTag Tenant);

    /// <summary>A group is claimed.</summary>
    /// <param name="Host">The host's name.</param>
    /// <param name="Group">The group.</param>
    /// <param name="Tenant">The claimant.</param>
    /// <param name="Epoch">Its epoch.</param>
    public sealed record GroupClaimed(string Host, int Group, OwnerTag Tenant, Epoch Epoch);

    /// <summary>Puts the host under a coordinator: it says <see cref="HostJoined"/> when it stands, and again whenever its actor has begun again. For hosts that start
    /// <see cref="StartsWith.Blocked"/>.</summary>
    /// <param name="Coordinator">Who decides on the owners of its groups.</param>
    public sealed record Join(IActorRef Coordinator);

    /// <summary>Host to coordinator: the host stands, and each of its groups is blocked or being blocked.</summary>
    /// <param name="Host">Its name.</param>
    /// <param name="Actor">Its actor.</param>
    /// <param name="Devices">Number of its devices.</param>
    /// <param name="GroupSize">Devices in a group.</param>
    /// <param name="Tenants">Number of its tenants.</param>
    public sealed record HostJoined(string Host, IActorRef Actor, int Devices, int GroupSize, int Tenants);

    /// <summary>Group to host to coordinator: a group had to be blocked under a new epoch, though nobody asked for it: an actor that it depends on has crashed.</summary>
    /// <param name="Host">The host's name.</param>
    /// <param name="Group">The group.</param>
    /// <param name="Epoch">The epoch under which it is blocked.</param>
    public sealed record OwnerLost(string Host, int Group, Epoch Epoch);

    /// <summary>Asks for the figures so far. Answer: <see cref="HostStatistics"/>.</summary>
    public sealed record GetStatistics;
}
