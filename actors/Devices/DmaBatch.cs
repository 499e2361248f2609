using Akka.Actor;
using Emulator.Actors.Ownership;
using Emulator.Actors.Silicon;
using Emulator.Hardware.Dma;

namespace Emulator.Actors.Devices;

/// <summary>
/// DMAs on their way: from the device to the silicon, to the isolation check, and back to the device, which fills it again. Who has
/// received it last owns it; nobody else may touch it.
/// </summary>
public sealed class DmaBatch : IDataLane
{
    /// <summary>DMAs in a batch at most.</summary>
    public const int Capacity = 256;

    /// <summary>Makes an empty batch.</summary>
    /// <param name="owner">The device's actor: where it returns to.</param>
    /// <param name="device">The device's number in its host.</param>
    /// <param name="group">Its group.</param>
    /// <param name="unit">The IOMMU instance that it passes through.</param>
    /// <param name="capacity">DMAs that it has room for.</param>
    public DmaBatch(IActorRef owner, int device, int group, int unit, int capacity = Capacity)
    {
        Requests = new DmaRequest[capacity];
        Completions = new DmaCompletion[capacity];
        Owner = owner;
        Device = device;
        Group = group;
        Unit = unit;
    }

    /// <summary>Where it returns to.</summary>
    public IActorRef Owner { get; }

    /// <summary>The device's number in its host.</summary>
    public int Device { get; }

    /// <summary>The device's group.</summary>
    public int Group { get; }

    /// <summary>The IOMMU instance.</summary>
    public int Unit { get; }

    /// <summary>Its place among the device's batches, from 0.</summary>
    public int Slot { get; init; }

    /// <summary>The requests; the first <see cref="Count"/> are valid.</summary>
    public DmaRequest[] Requests { get; }

    /// <summary>The answers, at the same index.</summary>
    public DmaCompletion[] Completions { get; }

    /// <summary>In virtual time: how long each took, in nanoseconds; empty otherwise.</summary>
    public int[] Latencies { get; init; } = [];

    /// <summary>When it was answered, as a time stamp of the host's clock; 0 where nobody wants to know.</summary>
    public long AnsweredAt { get; set; }

    /// <summary>DMAs in it.</summary>
    public int Count { get; set; }

    /// <summary>The epoch that the device knew when it sent the batch.</summary>
    public Epoch SentUnder { get; set; }

    /// <summary>The group's epoch when the silicon answered.</summary>
    public Epoch CompletedUnder { get; set; }

    /// <summary>The group's state when the silicon answered.</summary>
    public OwnershipState CompletedIn { get; set; }

    /// <summary>Whether <see cref="Faults"/> is wanted.</summary>
    public bool KeepsFaults { get; init; }

    /// <summary>The fault records that the silicon wrote while it answered, oldest first; null when not wanted or not answered.</summary>
    public IReadOnlyList<FaultRecord>? Faults { get; set; }

    /// <summary>Whether an actor crashed over it: its answers mean nothing.</summary>
    public bool Lost { get; set; }

    /// <summary>Whether it was sent under an older epoch than it was answered under.</summary>
    public bool IsStale => SentUnder < CompletedUnder;
}
