using System.Text.Json;
using Emulator.Hardware.Iommus;
using Emulator.Hardware.Iommus.IntelVtd;
using Emulator.Hardware.Memory;
using Emulator.Hardware.Translation;

namespace Emulator.Cli.Verify.Qemu;

/// <summary>QEMU's intel-iommu, as far as it differs from the defaults: physical addresses as wide as guest addresses, one fault record, device-selective
/// invalidation of the context cache without a look at the domain id.</summary>
public static class VtdModel
{
    private const ulong Capability = 0x00d2_008c_222f_0606;
    private const ulong ExtendedCapability = 0xf0_0f4a;
    private const ulong ScalableMode = 0x4800_8000_0000;
    private const ulong PassThrough = 1 << 6;
    private const ulong Narrow = 0x00d2_008c_2226_0206;

    /// <summary>The model; RAM is the 256 MiB that the cases were recorded with.</summary>
    public static QemuModel Model { get; } = new([new MemoryRange(0, 256UL << 20)], Build);

    private static IIommu Build(JsonElement vector, PhysicalMemory memory, IotlbGeometry iotlb)
    {
        // Random cases hold the device's options only, not the registers that follow from them.
        var options = (vector.OptionalText("opts") ?? "").Split(',');
        var capability = new VtdCapability(vector.OptionalWord("cap") ?? (options.Contains("aw-bits=39") ? Narrow : Capability));
        var extended = ExtendedCapability | (options.Contains("x-scalable-mode=on") ? ScalableMode : 0);
        if (options.Contains("pt=off"))
            extended &= ~PassThrough;
        return new IntelVtdIommu(
            memory,
            new IntelVtdOptions
            {
                Name = "vtd",
                Capability = capability,
                ExtendedCapability = new VtdExtendedCapability(vector.OptionalWord("ecap") ?? extended),
                HostWidth = capability.MaxGuestWidth,
                ConfigurationCacheCapacity = iotlb.Disabled ? 0 : int.MaxValue,
                ContextInvalidationMatchesDomain = false,
                MergesFaultsOfSource = true,
            },
            iotlb);
    }
}
