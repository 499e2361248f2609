using Emulator.Hardware.Drivers;

namespace Emulator.Hardware.Core;

/// <summary>A device in a group, with what the core must know of it.</summary>
/// <param name="device">The device.</param>
public sealed class GroupMember(DmaDevice device)
{
    /// <summary>The device.</summary>
    public DmaDevice Device { get; } = device;

    /// <summary>It has a region that must stay mapped one to one (IOMMU_RESV_DIRECT): it may not be blocked.</summary>
    public bool RequiresDirect { get; init; }

    /// <summary>Its attach waits for the first DMA mapping.</summary>
    public bool AttachDeferred { get; init; }
}
