using Emulator.Actors.Isolation;

namespace Emulator.Actors.Faults;

/// <summary>Every fault by its name.</summary>
public static class FaultCatalog
{
    private const ViolationKinds Any = ViolationKinds.ForeignMemory | ViolationKinds.FreedMemory | ViolationKinds.WhileBlocked | ViolationKinds.OldDomain | ViolationKinds.Identity;
    private const ViolationKinds Stale = ViolationKinds.FreedMemory | ViolationKinds.WhileBlocked | ViolationKinds.OldDomain;

    /// <summary>All of them, in the order of <see cref="FaultKind"/>.</summary>
    public static IReadOnlyList<FaultDescription> All { get; } =
    [
        new(FaultKind.InvalidationDropped, "invalidation-dropped", FaultLayer.Silicon, "IOMMU", "The IOTLB keeps what it was told to drop; the IOMMU reports the invalidation as done.", Stale) { Counts = "invalidations" },
        new(FaultKind.InvalidationDelayed, "invalidation-delayed", FaultLayer.Silicon, "IOMMU", "The IOTLB drops what it was told to drop only after a while; the IOMMU reports the invalidation as done at once.", Stale)
        { Counts = "invalidations", HasDuration = true },
        new(FaultKind.InvalidationTimedOut, "invalidation-timed-out", FaultLayer.Silicon, "", "No register write of the next driver sequence reaches the IOMMU: the driver waits for it in vain, as long as it waits.", Any) { Counts = "sequences" },
        new(FaultKind.TableBitFlip, "table-bit-flip", FaultLayer.Silicon, "", "One bit turns over in a word of the memory that the driver has taken for tables and queues.", Any),
        new(FaultKind.EventQueueFull, "event-queue-full", FaultLayer.Silicon, "", "The interrupt handler does not run: events are recorded until the IOMMU has no room, and then as that IOMMU does.", ViolationKinds.None) { HasDuration = true },
        new(FaultKind.CommandQueueStuck, "command-queue-stuck", FaultLayer.Silicon, "", "Register writes, doorbells of queues included, wait in line and are carried out in order after a while.", Any) { HasDuration = true },
        new(FaultKind.WalkerStall, "walker-stall", FaultLayer.Silicon, "", "DMA waits in the IOMMU, and with it the fence that drains it; then it goes on in order.", ViolationKinds.None) { HasDuration = true },
        new(FaultKind.RegisterWriteLost, "register-write-lost", FaultLayer.Silicon, "", "A register write of the driver never reaches the IOMMU.", Any) { Counts = "writes" },
        new(FaultKind.KeepsSending, "keeps-sending", FaultLayer.Device, "device", "The device ignores that it was told to stop.", ViolationKinds.None),
        new(FaultKind.ForgedRequesterId, "forged-requester-id", FaultLayer.Device, "device", "DMA carries the stream of the next device: the IOMMU takes it for that one's.", ViolationKinds.ForeignMemory | ViolationKinds.WhileBlocked | ViolationKinds.OldDomain)
        { Counts = "batches" },
        new(FaultKind.LyingAts, "lying-ats", FaultLayer.Device, "device", "DMA claims to be translated already (ATS) and carries physical addresses of another tenant's buffer.", ViolationKinds.ForeignMemory | ViolationKinds.WhileBlocked | ViolationKinds.OldDomain)
        { Counts = "batches" },
        new(FaultKind.HotUnplug, "hot-unplug", FaultLayer.Device, "device", "The device is pulled out: its DMA in flight vanishes, the driver releases it.", ViolationKinds.None),
        new(FaultKind.NeverCompletes, "never-completes", FaultLayer.Device, "device", "A batch of DMA stays in the IOMMU for ever; nobody gets an answer.", ViolationKinds.None) { Counts = "batches" },
        new(FaultKind.AttachFails, "attach-fails", FaultLayer.Driver, "", "The driver's next attach, to an empty domain included, returns an error at a step; what it has done until then stays.", ViolationKinds.WhileBlocked | ViolationKinds.OldDomain) { Counts = "attaches" },
        new(FaultKind.StepsSwapped, "steps-swapped", FaultLayer.Driver, "", "A write of the driver takes place after the one that follows it, unless a read or a barrier comes between.", Any) { Counts = "writes" },
        new(FaultKind.IommuReset, "iommu-reset", FaultLayer.Driver, "", "Every IOMMU of the host is as after power-on; nobody is told.", Any),
        new(FaultKind.HostCrash, "host-crash", FaultLayer.Driver, "", "The host stops with all its actors and its memory, and boots again.", ViolationKinds.None) { NeedsSimulation = true },
        new(FaultKind.ActorCrash, "actor-crash", FaultLayer.Actors, "actor", "An actor of the host crashes over the message that it was given; its supervisor restarts it.", ViolationKinds.None) { NeedsSimulation = true },
        new(FaultKind.ActorRestart, "actor-restart", FaultLayer.Actors, "actor", "An actor of the host is restarted between two messages.", ViolationKinds.None),
        new(FaultKind.ActorSlow, "actor-slow", FaultLayer.Actors, "actor", "What an actor is sent waits for a while, in order.", ViolationKinds.None) { HasDuration = true, NeedsSimulation = true },
        new(FaultKind.MessageLost, "message-lost", FaultLayer.Actors, "", "A message between two actors is lost.", ViolationKinds.None) { NeedsSimulation = true },
        new(FaultKind.MessageDuplicated, "message-duplicated", FaultLayer.Actors, "", "A message between two actors arrives again after a while.", ViolationKinds.None) { HasDuration = true, NeedsSimulation = true },
        new(FaultKind.MessageReordered, "message-reordered", FaultLayer.Actors, "", "A message between two actors arrives after a while; younger ones overtake it.", ViolationKinds.None) { HasDuration = true, NeedsSimulation = true },
        new(FaultKind.MessageLate, "message-late", FaultLayer.Actors, "", "A message between two actors, and what follows it, arrives after a while, in order.", ViolationKinds.None) { HasDuration = true, NeedsSimulation = true },
    ];

    /// <summary>What the catalogue says of a kind.</summary>
    public static FaultDescription Of(FaultKind kind) => All[(int)kind];

    /// <summary>Finds a kind by its name; null when there is none of that name.</summary>
    public static FaultDescription? Find(string name) => All.FirstOrDefault(description => description.Name == name);
}
