namespace Emulator.Actors.Faults;

/// <summary>What can be made to go wrong, layer by layer. <see cref="FaultCatalog"/> says what each does; docs/FAULTS.md is made from it.</summary>
public enum FaultKind
{
    /// <summary>Silicon: invalidations of the IOTLB are reported as done and never carried out.</summary>
    InvalidationDropped,

    /// <summary>Silicon: invalidations of the IOTLB are reported as done and carried out late.</summary>
    InvalidationDelayed,

    /// <summary>Silicon: the IOMMU does not react to a driver's sequence at all.</summary>
    InvalidationTimedOut,

    /// <summary>Silicon: one bit of a translation table or queue turns over in memory.</summary>
    TableBitFlip,

    /// <summary>Silicon: nobody takes events out of the event queue.</summary>
    EventQueueFull,

    /// <summary>Silicon: commands and register writes wait.</summary>
    CommandQueueStuck,

    /// <summary>Silicon: table walks, and with them DMA, wait.</summary>
    WalkerStall,

    /// <summary>Silicon: register writes are lost.</summary>
    RegisterWriteLost,

    /// <summary>Device: it ignores that it was quiesced.</summary>
    KeepsSending,

    /// <summary>Device: its DMA carries another device's requester ID.</summary>
    ForgedRequesterId,

    /// <summary>Device: it claims that addresses it chose itself are translated ones (ATS).</summary>
    LyingAts,

    /// <summary>Device: it is pulled out with DMA in flight.</summary>
    HotUnplug,

    /// <summary>Device: DMA of it never completes.</summary>
    NeverCompletes,

    /// <summary>Driver: attaching fails with a chosen error at a chosen step.</summary>
    AttachFails,

    /// <summary>Driver: a write overtakes the one before it, as where a barrier is missing.</summary>
    StepsSwapped,

    /// <summary>Host: the IOMMU is reset and nobody is told.</summary>
    IommuReset,

    /// <summary>Host: it crashes and boots again.</summary>
    HostCrash,

    /// <summary>Actors: an actor crashes over the message that it handles; the message is lost.</summary>
    ActorCrash,

    /// <summary>Actors: an actor is restarted between two messages.</summary>
    ActorRestart,

    /// <summary>Actors: everything that an actor is sent waits for a while, in order.</summary>
    ActorSlow,

    /// <summary>Actors: a message is lost.</summary>
    MessageLost,

    /// <summary>Actors: a message arrives twice.</summary>
    MessageDuplicated,

    /// <summary>Actors: a message arrives after younger ones of the same sender.</summary>
    MessageReordered,

    /// <summary>Actors: a message, and what its sender sends after it, arrives late.</summary>
    MessageLate,
}
