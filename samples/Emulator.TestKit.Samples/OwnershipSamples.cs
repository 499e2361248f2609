using Emulator.Actors.Faults;
using Emulator.Actors.Hosts;
using Emulator.Actors.Ownership;

namespace Emulator.TestKit.Samples;

/// <summary>Devices change owners on platforms that nobody has on the desk.</summary>
public sealed class OwnershipSamples : PlatformTest
{
    [Fact]
    public async Task A_device_is_blocked_before_it_is_reassigned()
    {
        var platform = await Platform(p => p.Iommu("arm-smmu-v3").Kernel("6.12").Blocking(BlockingStrategy.Native).Devices(4).Tenants(2));
        var (device, b) = (platform.Device(0), platform.Tenant("b"));
        var ownership = platform.OwnershipOf(device);
        await platform.Assign(device, b);
        ownership.ExpectBlocked();
        ownership.ExpectAttached(b);
        await device.Write().ExpectTranslated(to: b);
    }

    [Fact]
    public async Task No_DMA_escapes_while_a_device_goes_to_and_fro()
    {
        var platform = await Platform(p => p.Iommu("intel").Kernel("6.12").Blocking(BlockingStrategy.Native).Tenants("database", "web"));
        await platform.NoDmaEscapes(during: async () =>
        {
            await platform.Assign(platform.Device(0), platform.Tenant("web"));
            await platform.Assign(platform.Device(0), platform.Tenant("database"));
        });
    }

    [Fact]
    public async Task The_detach_of_Linux_6_1_lets_DMA_pass_untranslated_on_exynos()
    {
        var platform = await Platform(p => p.Iommu("exynos").Kernel("6.1").Blocking(BlockingStrategy.Detach).Devices(1));
        await platform.Block(platform.Device(0));
        await platform.Device(0).Write().ExpectIdentity();
    }

    [Fact]
    public async Task After_a_crash_of_the_buss_actor_every_group_is_blocked_again()
    {
        var platform = await Platform(p => p.Kernel("6.12").Blocking(BlockingStrategy.Native).Devices(1));
        var ownership = platform.OwnershipOf(platform.Device(0));
        await platform.Crash(ActorKind.Translation);
        ownership.ExpectBlocked();
        await platform.Device(0).Read().ExpectBlocked();
    }

    [Fact]
    public async Task An_attach_that_fails_leaves_the_device_blocked_and_the_next_one_succeeds()
    {
        var platform = await Platform(p => p.Kernel("6.12").Blocking(BlockingStrategy.Native));
        var (device, b) = (platform.Device(0), platform.Tenant("b"));
        await platform.Block(device);
        await platform.Inject(new Fault(FaultKind.AttachFails));
        await platform.ExpectAssignFails(device, b);
        await device.Write().ExpectBlocked();
        await platform.Assign(device, b);
        await device.Write().ExpectTranslated(to: b);
    }
}
