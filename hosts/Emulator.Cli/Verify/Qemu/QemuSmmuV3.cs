using Emulator.Hardware.Iommus.ArmSmmuV3;
using Emulator.Hardware.Memory;

namespace Emulator.Cli.Verify.Qemu;

/// <summary>QEMU's arm-smmuv3 as our silicon: stage 1 only, no substreams, no stalls, 44 bits of output.</summary>
internal static class QemuSmmuV3
{
    /// <summary>The model, with the identification registers that QEMU 7.2 shows.</summary>
    public static QemuModel Model { get; } = new(
        [new MemoryRange(0x4000_0000, 0x8000_0000)],
        (_, memory, iotlb) => new ArmSmmuV3Iommu("smmuv3", memory, new ArmSmmuV3Options
        {
            Idr0 = 0x0d40_101a,
            Idr1 = 0x0273_0010,
            Idr3 = 0x1404,
            Idr5 = 0x74,
            Iotlb = iotlb,
            ConfigurationEntries = iotlb.Disabled ? 0 : int.MaxValue,
        }));
}
