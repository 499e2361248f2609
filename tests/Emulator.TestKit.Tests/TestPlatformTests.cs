using Emulator.Actors.Faults;
using Emulator.Actors.Hosts;
using Emulator.Actors.Ownership;
using Emulator.Hardware.Drivers;
using Xunit.Sdk;

namespace Emulator.TestKit.Tests;

public sealed class TestPlatformTests : PlatformTest
{
    [Fact]
    public async Task An_assignment_that_fails_says_why_and_one_that_succeeds_does_not_fail()
    {
        var platform = await Native();
        await platform.Inject(new Fault(FaultKind.AttachFails) { Errno = Errno.EBUSY });
        await Fails(() => platform.Assign(platform.Device(0), platform.Tenant("b")), $"expected {platform.Device(0)} to be assigned to tenant b, but group 0 is ", "-EBUSY");
        await Fails(() => platform.ExpectAssignFails(platform.Device(0), platform.Tenant("b")), $"expected that {platform.Device(0)} can't be assigned to tenant b, but it is");
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
        Says(() => ownership.ExpectAttached(a), "expected group 0 to become Attached to tenant a, but it became Blocking in epoch 3, granted memory of tenant b");
        ownership.ExpectState(OwnershipState.Blocked);
        Says(() => ownership.ExpectAttached(b), "expected group 0 to become Attached to tenant b, but it became Attached in epoch 3, granted memory of tenant a");
        other.ExpectNoChange(TimeSpan.Zero);
        await platform.Block(device);
        Says(() => ownership.ExpectNoChange(TimeSpan.FromSeconds(3)), "expected group 0 to stay as it is, but it became Blocking in epoch 4");
        await platform.Assign(device, a);
        Says(() => ownership.ExpectState(OwnershipState.Attached), "but it became Blocked in epoch 4, granted nobody's memory");
    }

    [Fact]
    public async Task DMA_that_escapes_is_named_and_DMA_that_does_not_is_none()
    {
        var sound = await Native();
        await sound.NoDmaEscapes(during: () => sound.Assign(sound.Device(0), sound.Tenant("b")));
        var leaky = await Platform(p => p.Iommu("exynos").Blocking(BlockingStrategy.Detach).Devices(1));
        await Fails(
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
        await Fails(() => a.Map(platform.BufferIova, 0x1000), $"expected tenant a to map 0x1000 bytes at 0x{platform.BufferIova:x}, but -EEXIST");
        await Fails(() => a.Unmap(0x5000_0000, 0x1000), "expected tenant a to unmap 0x1000 bytes at 0x50000000, but 0x0 were unmapped");
    }

    [Fact]
    public async Task A_fault_that_needs_a_simulation_is_refused_and_an_actor_that_is_not_there_does_not_crash()
    {
        var platform = await Native();
        await Fails(() => platform.Inject(new Fault(FaultKind.MessageLost)), "expected the fault 'message-lost' to be injected, but messages can be touched");
        await Assert.ThrowsAsync<ArgumentOutOfRangeException>(() => platform.Crash(ActorKind.Device, 2));
        await platform.Crash(ActorKind.Device, 1);
        Assert.Equal(1, (await platform.Statistics()).ActorRestarts);
    }

    [Fact]
    public async Task A_builder_says_everything_of_a_host()
    {
        var platform = await Platform(p => p.Iommu("intel", "scalable-sl").Kernel("6.12").Devices(4, perGroup: 2).Tenants("database", "web").StartsBlocked().With(host => host with { BufferSize = 64 << 10 }));
        Assert.Equal(
            ("intel", "scalable-sl", KernelVersion.Linux612, 2, 64UL << 10),
            (platform.Specification.Room.Name, platform.Specification.Variant, platform.Specification.Kernel, platform.Specification.Groups, platform.Specification.BufferSize));
        Assert.Equal(["database", "web"], platform.Tenants.Select(tenant => tenant.Name));
        Assert.Equal([0, 0, 1, 1], platform.Devices.Select(device => device.Group));
        await platform.Device(3).Write().ExpectBlocked();
        Assert.Throws<ArgumentException>(() => platform.Tenant("a"));
    }

    [Fact]
    public async Task A_specification_is_a_platform_too_and_its_tenants_are_called_by_letters()
    {
        var platform = await Platform(new HostSpecification { Name = "own", Room = Hardware.Iommus.IommuCatalog.Find("amd")!, Tenants = 28, Devices = 1, BufferSize = 64 << 10 }, "first");
        Assert.Equal(("first", "b", "z", "ab"), (platform.Tenant(0).Name, platform.Tenant(1).Name, platform.Tenant(25).Name, platform.Tenant(27).Name));
        await platform.Device(0).Write().ExpectTranslated(to: platform.Tenant("first"));
    }

    [Fact]
    public async Task What_there_is_not_is_refused_by_name()
    {
        Assert.Contains("no IOMMU is called 'vax'; there are apple-dart, ", (await Assert.ThrowsAsync<ArgumentException>(() => Platform(p => p.Iommu("vax")))).Message, StringComparison.Ordinal);
        Assert.Contains("kernel '5.4' is neither", (await Assert.ThrowsAsync<ArgumentException>(() => Platform(p => p.Kernel("5.4")))).Message, StringComparison.Ordinal);
        Assert.Contains("two tenants have one name", (await Assert.ThrowsAsync<ArgumentException>(() => Platform(p => p.Tenants("a", "a")))).Message, StringComparison.Ordinal);
        Assert.Contains("no blocking domain of its own", (await Assert.ThrowsAsync<InvalidOperationException>(() => Platform(p => p.Iommu("exynos").Blocking(BlockingStrategy.Native)))).Message, StringComparison.Ordinal);
    }

    private Task<TestPlatform> Native() => Platform(p => p.Kernel("6.12").Blocking(BlockingStrategy.Native).Devices(2));

    private static void Says(Action expectation, string message) => Assert.Contains(message, Assert.ThrowsAny<XunitException>(expectation).Message, StringComparison.Ordinal);

    private static async Task Fails(Func<Task> expectation, params string[] messages)
    {
        var message = (await Assert.ThrowsAnyAsync<XunitException>(expectation)).Message;
        Assert.All(messages, part => Assert.Contains(part, message, StringComparison.Ordinal));
    }
}
