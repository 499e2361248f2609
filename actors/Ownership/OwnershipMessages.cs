using System.Diagnostics;
using Akka.Actor;
using Emulator.Actors.Silicon;
using Emulator.Hardware.Memory;

namespace Emulator.Actors.Ownership;

/// <summary>The conversation between a group and the silicon that its DMA passes. Every answer carries the epoch it is about.</summary>
internal static class OwnershipMessages
{
    /// <summary>Where does the group stand? Answer: <see cref="GroupStatus"/>.</summary>
    public sealed record QueryGroup(int Group);

    public sealed record GroupStatus(int Group, OwnershipState State, Epoch Epoch);

    /// <summary>A new epoch begins, the group is to be blocked. Overtakes queued DMA. Answer: <see cref="BlockAcknowledged"/>.</summary>
    public sealed record Block(int Group, Epoch Epoch, ActivityContext Trace);

    public sealed record BlockAcknowledged(int Group, Epoch Epoch);

    /// <summary>Waits in line behind all DMA sent before it. Answer: <see cref="FencePassed"/>: that DMA has drained, the blocking steps are done, the group is Blocked.</summary>
    public sealed record Fence(int Group, Epoch Epoch, ActivityContext Trace) : IDataLane
    {
        /// <summary>Who waits, once the fence itself has to wait for held DMA.</summary>
        public IActorRef ReplyTo { get; init; } = ActorRefs.Nobody;
    }

    /// <summary>The silicon's actor to itself: the DMA that the silicon holds has been waited for long enough.</summary>
    public sealed record GiveUpHeld(int Group, Epoch Epoch);

    public sealed record FencePassed(int Group, Epoch Epoch);

    /// <summary>The blocked group is to join a tenant. Answer: <see cref="AttachBegun"/>.</summary>
    public sealed record BeginAttach(int Group, Epoch Epoch, OwnerTag Tenant, ActivityContext Trace);

    public sealed record AttachBegun(int Group, Epoch Epoch);

    /// <summary>The attaching steps are done. Answer: <see cref="AttachCompleted"/>.</summary>
    public sealed record CompleteAttach(int Group, Epoch Epoch, ActivityContext Trace);

    public sealed record AttachCompleted(int Group, Epoch Epoch, long? At = null);

    /// <summary>A control message was not applied.</summary>
    /// <param name="Group">The group.</param>
    /// <param name="Epoch">The group's epoch.</param>
    /// <param name="State">The group's state.</param>
    /// <param name="Asked">The epoch of the message.</param>
    /// <param name="Reason">Why.</param>
    public sealed record Refused(int Group, Epoch Epoch, OwnershipState State, Epoch Asked, string Reason);

    /// <summary>The group to itself: it has waited long enough for an answer of this epoch.</summary>
    public sealed record AnswerOverdue(Epoch Epoch);

    /// <summary>Group to host: a change is over. Each group's first attach is none.</summary>
    public sealed record ChangeEnded(int Group, OwnerTag Tenant, Epoch Epoch, TimeSpan BlockedTime, bool Succeeded, bool IsReassignment);

    /// <summary>Host to group: an actor that its DMA or its programming depends on has crashed.</summary>
    /// <param name="Reason">Which.</param>
    /// <param name="OnlyTenant">Only when the group is with, or on its way to, this tenant; null for any.</param>
    public sealed record BlockAgain(string Reason, OwnerTag? OnlyTenant = null);
}
