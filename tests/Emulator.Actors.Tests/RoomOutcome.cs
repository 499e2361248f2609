namespace Emulator.Actors.Tests;

/// <summary>What a host with an IOMMU does when its first group changes owners under load and is then left blocked.</summary>
internal enum RoomOutcome
{
    /// <summary>No DMA strays, however the driver's steps are paced.</summary>
    Sound,

    /// <summary>None while the group is blocked or attached; between the steps of a change some may.</summary>
    Windows,

    /// <summary>DMA of a blocked or attached group lands where it has no right to.</summary>
    Strays,

    /// <summary>A change of owner is refused with a reason.</summary>
    Refuses,

    /// <summary>The host does not start, with a reason.</summary>
    DoesNotStart,
}
