using Emulator.Hardware.Iommus.AmdVi;
using Emulator.Hardware.Memory;

namespace Emulator.Cli.Verify.Qemu;

/// <summary>QEMU's amd-iommu. It never caches device table entries, finds cached pages by device and drops them by whole domains: our silicon is told
/// to do the same.</summary>
public static class AmdViModel
{
    /// <summary>The model; the cases' machine has 2 GiB.</summary>
    public static QemuModel Model { get; } = new([new MemoryRange(0, 2UL << 30)], (vector, memory, iotlb) => new AmdViIommu("amd-iommu", memory, new AmdViIommuOptions
    {
        Features = new AmdViFeatures(vector.OptionalWord("efr") ?? QemuFeatures),
        Iotlb = iotlb,
        DeviceTableCacheCapacity = 0,
        TagsPagesByDevice = true,
        InvalidatesWholeDomain = true,
    }));

    private const ulong QemuFeatures = 0x29d3;
}
