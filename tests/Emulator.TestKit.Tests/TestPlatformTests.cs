using Emulator.Actors.Faults;
using Emulator.Actors.Hosts;
using Emulator.Actors.Ownership;
using Emulator.Hardware.Drivers;
using Emulator.Hardware.Iommus;
using Xunit.Sdk;

namespace Emulator.TestKit.Tests;

public sealed class TestPlatformTests : PlatformTest
{
    [Fact]
    public async Task An_assignment_that_fails_says_why_and_one_that_succeeds_does_not_fail()
    {
        var platform = await Native();
        await platform.Inject(new Fault(FaultKind.AttachFails) { Errno = Errno.EBUSY });
        var (device, b) = (platform.Device(0), platform.Tenant("b"));
        await Failing.Says(() => platform.Assign(device, b), $"expected {device} to be assigned to tenant b, but group 0 is ", "-EBUSY");
        await Failing.Says(() => platform.ExpectAssignFails(device, b), $"expected that {device} can't be assigned to tenant b, but it is");
    }

    [Fact]
    public async Task Ownership_is_seen_in_its_order_and_what_is_not_as_expected_is_named()
    {
        var platform = await Native();
        var (device, a, b) = (platform.Device(0), platform.Tenant("a"), platform.Tenant("b"));
        var ownership = platform.OwnershipOf(device);
        var other = platform.OwnershipOf(platform.Device(1));
        await platform.Assign(device, b);
        Assert.Throws<FailException>(() => ownership.ExpectState(OwnershipState.Attached));
        Assert.Equal(new Epoch(2), ownership.ExpectBlocked().Epoch);
        Assert.Equal(b.Tag, ownership.ExpectAttached(b).Granted);
        await platform.Assign(device, a);
        Failing.Says(() => ownership.ExpectAttached(a), "expected group 0 to become Attached to tenant a, but it became Blocking in epoch 3, granted memory of tenant b");
        ownership.ExpectState(OwnershipState.Blocked);
        Failing.Says(() => ownership.ExpectAttached(b), "expected group 0 to become Attached to tenant b, but it became Attached in epoch 3, granted memory of tenant a");
        other.ExpectNoChange(TimeSpan.Zero);
        await platform.Block(device);
        Failing.Says(() => ownership.ExpectNoChange(TimeSpan.FromSeconds(3)), "expected group 0 to stay as it is, but it became Blocking in epoch 4");
        await platform.Assign(device, a);
        Failing.Says(() => ownership.ExpectState(OwnershipState.Attached), "but it became Blocked in epoch 4, granted nobody's memory");
    }

    [Fact]
    public async Task DMA_that_escapes_is_named_and_DMA_that_does_not_is_none()
    {
        var sound = await Native();
        await sound.NoDmaEscapes(during: () => sound.Assign(sound.Device(0), sound.Tenant("b")));
        var leaky = await Platform(p => p.Iommu("exynos").Blocking(BlockingStrategy.Detach).Devices(1));
        await Failing.Says(
            () => leaky.NoDmaEscapes(during: async () =>
            {
                await leaky.Block(leaky.Device(0));
                await leaky.Device(0).Write();
            }),
            "expected that no DMA escapes, but ", " did:\n  Identity: device 0 (", ", memory of a bystander; granted ");
        await leaky.Assign(leaky.Device(0), leaky.Tenant("a"));
        await leaky.NoDmaEscapes(during: () => Task.CompletedTask);
    }

    [Fact]
    public async Task What_is_done_while_DMA_runs_may_throw_and_the_workload_ends_all_the_same()
    {
        var platform = await Native();
        await Assert.ThrowsAsync<InvalidOperationException>(() => platform.NoDmaEscapes(during: () => throw new InvalidOperationException()));
        var dmas = (await platform.Statistics()).Dmas;
        Assert.Equal(dmas, (await platform.Statistics()).Dmas);
    }

    [Fact]
    public async Task A_mapping_that_fails_says_why()
    {
        var platform = await Native();
        var a = platform.Tenant("a");
        await Failing.Says(() => a.Map(platform.BufferIova, 0x1000), $"expected tenant a to map 0x1000 bytes at 0x{platform.BufferIova:x}, but -EEXIST");
        await Failing.Says(() => a.Unmap(0x5000_0000, 0x1000), "expected tenant a to unmap 0x1000 bytes at 0x50000000, but 0x0 were unmapped");
    }

    [Fact]
    public async Task A_fault_that_needs_a_simulation_is_refused_and_an_actor_that_is_not_there_does_not_crash()
    {
        var platform = await Native();
        await Failing.Says(() => platform.Inject(new Fault(FaultKind.MessageLost)), "expected the fault 'message-lost' to be injected, but messages can be touched");
        await Assert.ThrowsAsync<ArgumentOutOfRangeException>(() => platform.Crash(ActorKind.Device, 2));
        await platform.Crash(ActorKind.Device, 1);
        Assert.Equal(1, (await platform.Statistics()).ActorRestarts);
    }

    [Fact]
    public async Task A_builder_says_everything_of_a_host()
    {
        var platform = await Platform(p => p.Iommu("intel", "scalable-sl").Kernel("6.12").Devices(4, perGroup: 2).Tenants("database", "web").StartsBlocked()
            .With(host => host with { BufferSize = 64 << 10 }));
        var host = platform.Specification;
        Assert.Equal(
            ("intel", "scalable-sl", KernelVersion.Linux612, 2, 64UL << 10),
            (host.Room.Name, host.Variant, host.Kernel, host.Groups, host.BufferSize));
        Assert.Equal(["database", "web"], platform.Tenants.Select(tenant => tenant.Name));
        Assert.Equal([0, 0, 1, 1], platform.Devices.Select(device => device.Group));
        await platform.Device(3).Write().ExpectBlocked();
        Assert.Throws<ArgumentException>(() => platform.Tenant("a"));
    }

    [Fact]
    public async Task A_specification_is_a_platform_too_and_its_tenants_are_called_by_letters()
    {
        var platform = await Platform(new HostSpecification { Name = "own", Room = IommuCatalog.Find("amd")!, Tenants = 28, Devices = 1, BufferSize = 64 << 10 }, "first");
        Assert.Equal(("first", "b", "z", "ab"), (platform.Tenant(0).Name, platform.Tenant(1).Name, platform.Tenant(25).Name, platform.Tenant(27).Name));
        await platform.Device(0).Write().ExpectTranslated(to: platform.Tenant("first"));
    }

    [Fact]
    public async Task What_there_is_not_is_refused_by_name()
    {
        await Failing.Says<ArgumentException>(() => Platform(p => p.Iommu("vax")), "no IOMMU is called 'vax'; there are apple-dart, ");
        await Failing.Says<ArgumentException>(() => Platform(p => p.Kernel("5.4")), "kernel '5.4' is neither");
        await Failing.Says<ArgumentException>(() => Platform(p => p.Tenants("a", "a")), "two tenants have one name");
        await Failing.Says<InvalidOperationException>(() => Platform(p => p.Iommu("exynos").Blocking(BlockingStrategy.Native)), "no blocking domain of its own");
    }

    private Task<TestPlatform> Native() => Platform(p => p.Kernel("6.12").Blocking(BlockingStrategy.Native).Devices(2));
}
