namespace Emulator.Hardware.Core;

/// <summary>What a group's owner, count and domain come to.</summary>
public enum GroupState
{
    /// <summary>No driver is bound and nobody owns the group: it is in its default domain (6.1 without one: in none).</summary>
    Idle,

    /// <summary>Kernel drivers are bound and use the DMA API: default domain, no owner.</summary>
    Kernel,

    /// <summary>A kernel driver put the group into a domain of its own; there is no owner.</summary>
    ForeignAttached,

    /// <summary>Owned by VFIO or iommufd and in the blocking domain.</summary>
    Claimed,

    /// <summary>Owned by VFIO or iommufd and in a domain of its owner.</summary>
    ClaimedAttached,
}
