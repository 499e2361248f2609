using Akka.Actor;
using Emulator.Hardware.Core;
using Emulator.Hardware.Drivers;

namespace Emulator.Actors.Core;

/// <summary>The conversation with the kernel's core about its groups, on hosts that start <see cref="Hosts.StartsWith.Kernel"/>.</summary>
public static class CoreMessages
{
    /// <summary>Calls the core about a group. Answer: <see cref="CoreAnswer"/>.</summary>
    /// <param name="Group">The group, from 0.</param>
    /// <param name="Call">What is called.</param>
    public sealed record CallCore(int Group, CoreCall Call);

    /// <summary>What a call came to, and where it left the group.</summary>
    /// <param name="Host">The host's name.</param>
    /// <param name="Group">The group.</param>
    /// <param name="Errno">The error, without its sign. Besides the core's own: ENODEV, no such group, or the device is not of the group; ENOENT, no such domain;
    /// EPERM for a claim and EBUSY for another call while the group is in the tenants' hands; EIO, the driver ran into a BUG, which the warnings tell.</param>
    /// <param name="Value">What was asked for: the id of a domain; else 0.</param>
    /// <param name="State">The group's state.</param>
    /// <param name="OwnerCount">Bound kernel drivers, or claims of the owner.</param>
    /// <param name="Warnings">The kernel's warnings since the call before.</param>
    public sealed record CoreAnswer(string Host, int Group, Errno Errno, long Value, GroupState State, int OwnerCount, IReadOnlyList<string> Warnings);

    /// <summary>Group to IOMMU: a call that waits for its turn. Answer: <see cref="CallEnded"/> to the group, <see cref="CoreAnswer"/> to the requester.</summary>
    internal sealed record PerformCall(int Group, CoreCall Call, IActorRef Requester);

    /// <summary>IOMMU to group.</summary>
    internal sealed record CallEnded(PerformCall Call, CoreAnswer Answer);

    /// <summary>The answer about a group that the host does not have.</summary>
    internal static CoreAnswer NoSuchGroup(string host, CallCore call) => new(host, call.Group, Errno.ENODEV, 0, GroupState.Idle, 0, []);

    /// <summary>The answer about a group that is in the tenants' hands, which count as a claim.</summary>
    internal static CoreAnswer HeldByTenants(string host, CallCore call) =>
        new(host, call.Group, call.Call is CoreCall.Claim or CoreCall.ClaimDevice ? Errno.EPERM : Errno.EBUSY, 0, GroupState.Claimed, 1, []);
}
