using Emulator.Hardware.Dma;
using Emulator.Hardware.DmaApi;
using Emulator.Hardware.Drivers;

namespace Emulator.Hardware.Tests.Devices;

/// <summary>What calls of the DMA API take in virtual time.</summary>
public class KernelDmaTests
{
    private const long Nanosecond = 1000;
    private const long Millisecond = 1_000_000_000;
    private const long Invalidation = 687 * Nanosecond;

    [Theory]
    [InlineData("intel")]
    [InlineData("arm-smmu-v3")]
    public void A_strict_unmap_waits_for_one_invalidation_and_for_those_of_others(string iommu)
    {
        using var rig = new DeviceRig(iommu, cpus: 2);
        var dma = rig.Device.Dma;
        dma.Map(0, rig.Device.Memory.Take(), 4096, DmaDirection.FromDevice, 0, out var first);
        var mapped = dma.Map(0, rig.Device.Memory.Take(), 4096, DmaDirection.FromDevice, 1, out var second);
        Assert.InRange(mapped, 1, 100 * Nanosecond);
        var one = dma.Unmap(mapped, first, 4096, 0);
        var two = dma.Unmap(mapped, second, 4096, 1);
        Assert.True(one >= mapped + Invalidation, $"{one}");
        Assert.True(two >= one + Invalidation, $"{two} after {one}");
        Assert.Equal((2L, 2L), (dma.Invalidations, dma.Mapping.Counts.Syncs));
        Assert.Equal(one - mapped + two - mapped, dma.UnmapTime + dma.InvalidationTime);
        Assert.True(rig.Timed.QueueWait > 0);
    }

    [Fact]
    public void A_lazy_unmap_does_not_wait_and_what_the_device_sends_until_the_flush_is_exposed()
    {
        using var rig = new DeviceRig(mode: DmaMode.Lazy);
        var (dma, engine) = (rig.Device.Dma, rig.Device.Engine);
        var mapped = dma.Map(0, rig.Device.Memory.Take(), 4096, DmaDirection.FromDevice, 0, out var address);
        engine.Send(address, DmaAccess.Write, 64, mapped);
        var unmapped = dma.Unmap(mapped, address, 4096, 0);
        Assert.InRange(unmapped - mapped, 1, 100 * Nanosecond);
        engine.Send(address, DmaAccess.Write, 64, unmapped);
        engine.Send(address, DmaAccess.Write, 64, unmapped);
        Assert.Equal((0L, 2L), (dma.Invalidations, dma.ExposedDmas));
        Assert.InRange(rig.Timed.Timeline.NextAct, 10 * Millisecond, 18 * Millisecond);
        rig.Drain();
        engine.Send(address, DmaAccess.Write, 64, rig.Timed.Timeline.Now);
        engine.Flush();
        Assert.Equal((1L, 2L, 2L), (dma.Invalidations, dma.ExposedDmas, dma.MostExposedDmas));
        Assert.Equal([DmaStatus.Completed, DmaStatus.Completed, DmaStatus.Completed], rig.Device.Answers[..3]);
        Assert.NotEqual(DmaStatus.Completed, rig.Device.Answers[3]);
    }

    [Fact]
    public void Passing_through_takes_no_time_and_gives_the_memory_s_own_address()
    {
        using var rig = new DeviceRig(mode: DmaMode.PassThrough);
        var dma = rig.Device.Dma;
        var page = rig.Device.Memory.Take();
        Assert.Equal(5, dma.Map(5, page, 4096, DmaDirection.FromDevice, 0, out var address));
        Assert.Equal(page, address);
        Assert.Equal(7, dma.Unmap(7, address, 4096, 0));
        Assert.Equal((0L, 0L, 0L), (dma.MapTime, dma.UnmapTime, dma.Invalidations));
    }

    [Fact]
    public void Shared_memory_of_several_pages_is_in_one_piece_where_nothing_is_translated()
    {
        using var rig = new DeviceRig(mode: DmaMode.PassThrough);
        var free = rig.Device.Memory.Free;
        rig.Device.Dma.MapCoherent(0, rig.Device.Memory, 3 * 4096, 0, out var first);
        rig.Device.Dma.MapCoherent(0, rig.Device.Memory, 4097, 0, out var second);
        Assert.Equal(free - 5, rig.Device.Memory.Free);
        Assert.True(second >= first + (3 * 4096) || second + (2 * 4096) <= first);
        Assert.Throws<InvalidOperationException>(() => rig.Device.Memory.TakeContiguous(int.MaxValue));
    }

    [Theory]
    [InlineData("qcom_iommu", KernelVersion.Linux612)]
    [InlineData("apple-dart", KernelVersion.Linux612)]
    public void A_driver_without_deferred_flushes_is_not_mapped_lazily(string iommu, KernelVersion kernel) =>
        Assert.Contains("does not let invalidations wait", Assert.Throws<ArgumentException>(() => new DeviceRig(iommu, DmaMode.Lazy, kernel: kernel)).Message, StringComparison.Ordinal);
}
