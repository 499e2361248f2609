using Emulator.Hardware.Dma;
using Emulator.Hardware.Memory;

namespace Emulator.Hardware.Iommus.IntelVtd;

/// <summary>What firmware tables and kernel parameters tell the driver.</summary>
public sealed record IntelVtdDriverOptions
{
    /// <summary>Scalable mode is used where every unit has it (intel_iommu=sm_on).</summary>
    public bool ScalableMode { get; init; } = true;

    /// <summary>What the identity domain maps one to one when a unit has no pass-through: RAM and reserved regions.</summary>
    public IReadOnlyList<MemoryRange> IdentityRanges { get; init; } = [];

    /// <summary>Devices that firmware has reserved regions for (RMRR): unmanaged domains are refused to them.</summary>
    public IReadOnlySet<StreamId> ReservedDevices { get; init; } = new HashSet<StreamId>();

    /// <summary>How often a register or a status word is read before the hardware counts as dead. The kernel waits ten seconds, then panics.</summary>
    public int MaxPolls { get; init; } = 1000;

    /// <summary>How often descriptors are submitted again after a device did not answer. The kernel sets no limit.</summary>
    public int MaxSubmissions { get; init; } = 8;
}
