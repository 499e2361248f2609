using Emulator.Actors.Faults;
using Emulator.Actors.Ownership;
using Emulator.Hardware.Dma;
using Emulator.Hardware.Memory;

namespace Emulator.TestKit.Tests;

/// <summary>Each expectation of DMA holds when it should, and says what happened when it does not.</summary>
public sealed class DmaExpectationTests : PlatformTest
{
    [Fact]
    public async Task Of_DMA_that_is_translated()
    {
        var platform = await Native();
        var (device, a, b) = (platform.Device(0), platform.Tenant(0), platform.Tenant(1));
        var sent = await device.Write().ExpectTranslated(to: a).ExpectNoFault();
        sent.ExpectTranslated(sent[0].Completion.Address);
        var happened = $"but it reached {sent[0].Completion.Address}, memory of tenant a (group 0 Attached, epoch 1)";
        var write = $"expected the write of 4 bytes at 0x{platform.BufferIova:x} by {device}";
        Failing.Says(() => sent.ExpectBlocked(), $"{write} to be blocked, {happened}");
        Failing.Says(() => sent.ExpectTranslated(b), $"{write} to be translated to memory of tenant b, {happened}");
        Failing.Says(() => sent.ExpectTranslated(new PhysicalAddress(0x1000)), $"{write} to be translated to 0x1000, {happened}");
        Failing.Says(() => sent.ExpectIdentity(), $"{write} to pass untranslated, {happened}");
        Failing.Says(() => sent.ExpectHeld(), $"{write} to be held by the IOMMU, {happened}");
        Failing.Says(() => sent.ExpectLost(), $"{write} to be lost, {happened}");
        Failing.Says(() => sent.ExpectFault(0x10), $"{write} to leave fault 0x10, but the IOMMU recorded no fault; it reached");
    }

    [Fact]
    public async Task Of_DMA_that_is_blocked()
    {
        var platform = await Native();
        var sent = await platform.Device(1).Read(0x5000_0000).ExpectBlocked().ExpectFault(0x10).ExpectFault(FaultReason.NotPresent);
        Failing.Says(() => sent.ExpectTranslated(platform.Tenant(1)), "but it was blocked (group 1 Attached, epoch 1)");
        Failing.Says(() => sent.ExpectFault(0x11), "to leave fault 0x11, but the IOMMU recorded 0x10 NotPresent, stream ");
        Failing.Says(() => sent.ExpectFault(FaultReason.StreamBlocked), "to leave fault StreamBlocked, but the IOMMU recorded 0x10 NotPresent");
        Failing.Says(() => sent.ExpectNoFault(), $"the IOMMU recorded 0x10 NotPresent, stream {sent[0].Request.Stream}, Read at 0x50000000; it was blocked");
    }

    [Fact]
    public async Task Of_DMA_that_passes_untranslated()
    {
        var platform = await Platform(p => p.Iommu("exynos").Blocking(BlockingStrategy.Detach).Devices(1));
        await platform.Block(platform.Device(0));
        var sent = await platform.Device(0).Write().ExpectIdentity();
        Failing.Says(() => sent.ExpectBlocked(), "but it passed untranslated into memory of a bystander (group 0 Blocked, epoch 2)");
    }

    [Fact]
    public async Task Of_DMA_of_a_device_that_is_gone()
    {
        var platform = await Native();
        await platform.Inject(new Fault(FaultKind.HotUnplug));
        var sent = await platform.Device(0).Write().ExpectLost();
        Failing.Says(() => sent.ExpectBlocked(), "to be blocked, but it was lost");
    }

    [Fact]
    public async Task Of_DMA_that_the_IOMMU_holds()
    {
        var platform = await Native();
        await platform.Inject(new Fault(FaultKind.NeverCompletes));
        var sent = await platform.Device(0).Write().ExpectHeld();
        Failing.Says(() => sent.ExpectBlocked(), "to be blocked, but it is held by the IOMMU (group 0 Attached, epoch 1)");
    }

    [Fact]
    public async Task A_transfer_is_cut_at_page_boundaries_and_one_wrong_part_fails_it()
    {
        var platform = await Native();
        var end = platform.BufferIova + platform.Specification.BufferSize;
        var sent = await platform.Device(0).Write(end - 0x1800, length: 0x2000);
        Assert.Equal([0x800, 0x1000, 0x800], sent.Select(outcome => (int)outcome.Request.Length));
        Failing.Says(() => sent.ExpectTranslated(platform.Tenant(0)), $"expected the write of 2048 bytes at 0x{end:x}");
        await Assert.ThrowsAsync<ArgumentOutOfRangeException>(() => platform.Device(0).Write(length: 0));
        await Assert.ThrowsAsync<ArgumentException>(() => platform.Device(0).Send());
    }

    [Fact]
    public async Task Of_batches_that_a_probe_sees()
    {
        var platform = await Platform(p => p.Devices(2).Workload(new() { TotalDmas = 300 }));
        var probe = platform.DmaOf(platform.Device(0));
        platform.Host.StartWorkload();
        await platform.Host.WaitForWorkloadAsync();
        Assert.Equal(256, probe.ExpectBatch().ExpectTranslated(platform.Tenant(0)).Count);
        Assert.Equal(44, probe.ExpectBatch().Count);
        await platform.Device(1).Write();
        probe.ExpectNoBatch(TimeSpan.Zero);
        await platform.Device(0).Write();
        Failing.Says(() => probe.ExpectNoBatch(TimeSpan.FromSeconds(3)), $"expected no DMA of {platform.Device(0)}, but 1 were answered, the first: the write of 4 bytes");
        await platform.Device(0).Write();
        var seen = probe.ExpectBatch();
        Assert.Contains("a probe sees completions alone", Assert.Throws<InvalidOperationException>(() => seen.ExpectNoFault()).Message, StringComparison.Ordinal);
    }

    private Task<TestPlatform> Native() => Platform(p => p.Kernel("6.12").Blocking(BlockingStrategy.Native).Devices(2));
}
