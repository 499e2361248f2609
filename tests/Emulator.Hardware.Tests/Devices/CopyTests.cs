using Emulator.Hardware.Devices;
using Emulator.Hardware.DmaApi;

namespace Emulator.Hardware.Tests.Devices;

/// <summary>A GPU's copies and the collectives of several devices: how much moves, and how it is mapped.</summary>
public class CopyTests
{
    [Theory]
    [InlineData(true, true, false, 2, 0)]
    [InlineData(true, false, true, 5, 5)]
    [InlineData(true, true, true, 10, 10)]
    public void Copies_move_their_bytes_over_buffers_that_are_pinned_or_mapped_each_time(bool toDevice, bool fromDevice, bool mapsEachCopy, long maps, long unmaps)
    {
        using var rig = new DeviceRig();
        const int Size = 100_001;
        rig.Run(new GpuCopyProgram { Copies = 5, CopySize = Size, ToDevice = toDevice, FromDevice = fromDevice, MapsEachCopy = mapsEachCopy });
        var (device, directions) = (rig.Device, (toDevice ? 1 : 0) + (fromDevice ? 1 : 0));
        Assert.Equal(5L * directions, device.Counts.Operations);
        Assert.Equal((5L * directions * Size, 5L * directions * Size), (device.Counts.Bytes, device.Engine.Bytes));
        Assert.Equal((maps, unmaps), (device.Dma.Mapping.Counts.Maps, device.Dma.Mapping.Counts.Unmaps));
    }

    [Theory]
    [InlineData(CollectiveAlgorithm.AllReduce, 4, 6)]
    [InlineData(CollectiveAlgorithm.AllReduce, 2, 2)]
    [InlineData(CollectiveAlgorithm.AllToAll, 4, 3)]
    public void Each_rank_sends_and_receives_a_share_in_each_step(CollectiveAlgorithm algorithm, int ranks, int steps)
    {
        using var rig = new DeviceRig(devices: ranks);
        rig.Run(new CollectiveProgram { Algorithm = algorithm, DataSize = 65536, Iterations = 3 });
        Assert.All(rig.Devices, device =>
        {
            Assert.Equal(3, device.Counts.Operations);
            Assert.Equal(3L * steps * 2 * (65536 / ranks), device.Engine.Bytes);
            Assert.Equal((2L, 0L), (device.Dma.Mapping.Counts.Maps, device.Dma.Mapping.Counts.Unmaps));
        });
    }

    [Fact]
    public void A_collective_works_where_nothing_is_translated()
    {
        using var rig = new DeviceRig(mode: DmaMode.PassThrough, devices: 3);
        rig.Run(new CollectiveProgram { DataSize = 1 << 20, Iterations = 1 });
        Assert.All(rig.Devices, device => Assert.Equal(2L * 4 * ((1 << 20) / 3), device.Engine.Bytes));
    }

    [Fact]
    public void One_device_is_no_collective()
    {
        using var rig = new DeviceRig();
        Assert.Throws<InvalidOperationException>(() => rig.Run(new CollectiveProgram()));
    }

    [Fact]
    public void Memory_that_is_used_up_is_said()
    {
        var pool = new BufferPool(0x1000, 3 * 4096, 4096);
        ulong[] taken = [pool.Take(), pool.Take(), pool.Take()];
        Array.Sort(taken);
        Assert.Equal([0x1000UL, 0x2000, 0x3000], taken);
        Assert.Throws<InvalidOperationException>(() => pool.Take());
        pool.Give(0x2000);
        Assert.Equal((1, 0x2000UL), (pool.Free, pool.Take()));
        Assert.Throws<ArgumentOutOfRangeException>(() => new BufferPool(0, 4095, 4096));
    }
}
