using Emulator.Hardware.Drivers;

namespace Emulator.Hardware.Iommus.ArmSmmu.Driver;

/// <summary>A device behind the SMMU (struct arm_smmu_master_cfg): the numbers of its stream entries, in the order of its streams.</summary>
internal sealed class Master(DmaDevice device)
{
    public DmaDevice Device { get; } = device;

    /// <summary>Empty after 6.1's release, until the streams are entered again.</summary>
    public List<int> Entries { get; } = [];
}
