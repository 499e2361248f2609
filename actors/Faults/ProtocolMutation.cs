namespace Emulator.Actors.Faults;

/// <summary>Deliberate bugs of the ownership protocol, for the tests that show that <c>explore</c> finds them. Production hosts have none.</summary>
internal enum ProtocolMutation
{
    None,

    /// <summary>The fence overtakes queued DMA instead of waiting behind it.</summary>
    FenceOvertakes,

    /// <summary>A group is called Blocked although the silicon holds DMA of it.</summary>
    IgnoresHeldDma,

    /// <summary>The silicon's actor takes a block of an old epoch.</summary>
    AcceptsOldEpoch,

    /// <summary>The last steps of blocking, those that clean the IOTLB, are left out.</summary>
    UnblocksBeforeClean,

    /// <summary>A group is attached before it is Blocked.</summary>
    AttachesBeforeBlocked,

    /// <summary>One device of a group is not blocked.</summary>
    ForgetsAlias,

    /// <summary>A programming request that comes late, or twice, is carried out.</summary>
    AppliesLateRun,

    /// <summary>Blocking that failed counts as done.</summary>
    IgnoresBlockFailure,

    /// <summary>A group is attached to the domain that it has left.</summary>
    AttachesOldDomain,

    /// <summary>A change is acknowledged before it has taken place.</summary>
    AcknowledgesEarly,
}
