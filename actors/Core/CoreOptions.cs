using Emulator.Hardware.Core;

namespace Emulator.Actors.Core;

/// <summary>What a kernel finds in its configuration, its firmware and on its buses when it boots; for hosts that start <see cref="Hosts.StartsWith.Kernel"/>.</summary>
public sealed record CoreOptions
{
    /// <summary>What configuration says of every group.</summary>
    public IommuGroupOptions Group { get; init; } = new();

    /// <summary>Devices, by number, for which firmware wants memory mapped one to one at all times (IOMMU_RESV_DIRECT).</summary>
    public IReadOnlySet<int> DirectDevices { get; init; } = new HashSet<int>();

    /// <summary>Devices, by number, whose first attach waits for their first DMA mapping.</summary>
    public IReadOnlySet<int> DeferredDevices { get; init; } = new HashSet<int>();
}
