using Emulator.Actors.Faults;
using Emulator.Hardware.Dma;

namespace Emulator.TestKit.Samples;

/// <summary>What single DMAs meet: mappings, faults, a translation that outlives its mapping.</summary>
public sealed class TranslationSamples : PlatformTest
{
    private const ulong Unused = 0x5000_0000;

    [Fact]
    public async Task A_mapping_decides_where_DMA_lands_and_without_one_it_faults()
    {
        var platform = await Platform(p => p.Iommu("arm-smmu-v3").Kernel("6.12"));
        var (device, a) = (platform.Device(0), platform.Tenant("a"));
        await device.Write(Unused).ExpectBlocked().ExpectFault(0x10); // F_TRANSLATION
        await a.Map(Unused, size: 0x2000);
        await device.Write(Unused, length: 0x2000).ExpectTranslated(to: a.Memory).ExpectNoFault();
        await a.Unmap(Unused, size: 0x2000);
        await device.Read(Unused).ExpectBlocked().ExpectFault(FaultReason.NotPresent);
    }

    [Fact]
    public async Task A_lost_invalidation_leaves_a_stale_translation_in_the_IOTLB()
    {
        var platform = await Platform(p => p.Iommu("exynos").Kernel("6.1").Devices(1));
        var (device, a) = (platform.Device(0), platform.Tenant("a"));
        await device.Write().ExpectTranslated(to: a);
        await platform.Inject(new Fault(FaultKind.InvalidationDropped) { Count = 1_000 });
        await a.Unmap(platform.BufferIova, size: 0x1000);
        await device.Write().ExpectTranslated(to: a);
        await device.Write(platform.BufferIova + 0x2000).ExpectTranslated(to: a);
    }
}
