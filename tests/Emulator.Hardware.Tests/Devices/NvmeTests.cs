using CsCheck;
using Emulator.Hardware.Devices;
using Emulator.Hardware.Dma;
using Emulator.Hardware.DmaApi;

namespace Emulator.Hardware.Tests.Devices;

/// <summary>An NVMe drive: the DMAs of an I/O, its mappings, and when it ends.</summary>
public class NvmeTests
{
    [Theory]
    [InlineData(512, 256, 0, 2)]
    [InlineData(4096, 256, 0, 16)]
    [InlineData(8192, 512, 0, 16)]
    [InlineData(8704, 512, 1, 17)]
    [InlineData(131072, 256, 1, 512)]
    [InlineData(2 << 20, 256, 16, 8192)]
    public void An_IO_is_a_command_a_list_above_two_pages_its_data_and_a_completion(int blockSize, int requestSize, int lists, int data)
    {
        using var rig = new DeviceRig();
        rig.Run(new NvmeProgram { Ios = 6, BlockSize = blockSize, RequestSize = requestSize, Depth = 2, ReadShare = 1 });
        var device = rig.Device;
        Assert.Equal(6 * (2 + lists + data), device.Engine.Sent);
        Assert.Equal(6, device.SentOf(DmaAccess.Read, 64));
        Assert.Equal(6, device.SentOf(DmaAccess.Write, 16));
        Assert.Equal(6 * data, device.Sent.Count(request => request.Access == DmaAccess.Write && request.Length != 16));
        Assert.All(device.Answers, answer => Assert.Equal(DmaStatus.Completed, answer));
        Assert.Equal((6L, 6L * blockSize), (device.Counts.Operations, device.Counts.Bytes));
        Assert.Equal(6, device.Latencies.Count);
    }

    [Theory]
    [InlineData(0.0, 640, 0)]
    [InlineData(1.0, 0, 640)]
    public void The_drive_writes_memory_for_a_read_and_reads_it_for_a_write(double readShare, int reads, int writes)
    {
        using var rig = new DeviceRig("arm-smmu-v3");
        rig.Run(new NvmeProgram { Ios = 40, ReadShare = readShare });
        Assert.Equal((reads, writes), (rig.Device.SentOf(DmaAccess.Read, 256), rig.Device.SentOf(DmaAccess.Write, 256)));
    }

    [Fact]
    public void Each_IO_is_mapped_and_unmapped_once()
    {
        using var rig = new DeviceRig(cpus: 3);
        rig.Run(new NvmeProgram { Ios = 100, BlockSize = 16384, Depth = 4, Queues = 3 });
        var counts = rig.Device.Dma.Mapping.Counts;
        Assert.Equal((100L + (3 * (2 + 4)), 100L, 100L), (counts.Maps, counts.Unmaps, counts.Syncs));
        Assert.Equal(100, rig.Device.Counts.Operations);
    }

    [Fact]
    public void As_many_IOs_are_in_flight_as_the_queue_is_deep()
    {
        using var rig = new DeviceRig();
        rig.Run(new NvmeProgram { Ios = 200, Depth = 7 });
        var (inFlight, most) = (0, 0);
        foreach (var request in rig.Device.Sent)
        {
            inFlight += request.Length switch { 64 => 1, 16 => -1, _ => 0 };
            most = Math.Max(most, inFlight);
        }

        Assert.Equal((0, 7), (inFlight, most));
    }

    [Fact]
    public void A_runtime_ends_it_when_what_is_in_flight_is_done()
    {
        using var rig = new DeviceRig();
        rig.Run(new FioProgram([new NvmeQueue { Ios = long.MaxValue, Runtime = 200_000, Depth = 4 }]));
        Assert.InRange(rig.Device.Counts.Last, 200_000_000, 250_000_000);
        Assert.InRange(rig.Device.Counts.Operations, 10, 1000);
    }

    [Fact]
    public void Queues_differ_and_a_later_stage_waits_for_all_of_the_one_before()
    {
        using var rig = new DeviceRig(cpus: 3);
        rig.Run(new FioProgram(
        [
            new NvmeQueue { Ios = 5, BlockSize = 8192, Depth = 2, ReadShare = 1 },
            new NvmeQueue { Ios = 9, BlockSize = 4096, Depth = 1, ReadShare = 0, Stage = 2 },
            new NvmeQueue { Ios = 50, BlockSize = 512, Depth = 4, ReadShare = 1 },
        ])
        { RequestSize = 512 });
        var sent = rig.Device.Sent;
        Assert.Equal((64L, (5L * 8192) + (9 * 4096) + (50 * 512)), (rig.Device.Counts.Operations, rig.Device.Counts.Bytes));
        Assert.True(sent.FindLastIndex(request => request is { Access: DmaAccess.Write, Length: 512 }) < sent.FindIndex(request => request is { Access: DmaAccess.Read, Length: 512 }));
    }

    [Theory]
    [InlineData(0L, 4096, 1, 0.5, null, "I/Os 0 is outside 1")]
    [InlineData(1L, 1000, 1, 0.5, null, "block size 1000 is no multiple of 512")]
    [InlineData(1L, 4 << 20, 1, 0.5, null, "block size 4194304 is outside 512 to 2097152")]
    [InlineData(1L, 512, 0, 0.5, null, "depth 0 is outside 1 to 1024")]
    [InlineData(1L, 512, 1, double.NaN, null, "read share NaN is outside 0 to 1")]
    [InlineData(1L, 512, 1, 0.5, -1.0, "runtime -1 ns is outside 0 to 1000 s")]
    [InlineData(long.MaxValue, 512, 1, 0.5, null, "neither a number of I/Os nor a runtime")]
    public void A_value_outside_its_limits_is_refused(long ios, int blockSize, int depth, double readShare, double? runtime, string message) => Assert.Contains(
        message,
        Assert.Throws<ArgumentException>(() => new NvmeProgram { Ios = ios, BlockSize = blockSize, Depth = depth, ReadShare = readShare, Runtime = runtime }.Validate()).Message,
        StringComparison.Ordinal);

    [Fact]
    public void A_drive_has_1_to_64_queues()
    {
        Assert.Throws<ArgumentException>(() => new FioProgram([]).Validate());
        Assert.Throws<ArgumentException>(() => new NvmeProgram { Queues = 65 }.Validate());
        Assert.Throws<ArgumentException>(() => new NvmeProgram { Queues = 0 }.Validate());
    }

    [Fact]
    public void Whatever_the_queues_are_all_buffers_come_back_and_every_IO_is_done() =>
        Gen.Select(Gen.Int[1, 3], Gen.Int[1, 12], Gen.Int[1, 40], Gen.Int[1, 60], Gen.Double[0, 1], Gen.Enum<DmaMode>()).Sample(
            (queues, depth, blocks, ios, readShare, mode) =>
            {
                using var rig = new DeviceRig(mode: mode, cpus: queues);
                var (device, free) = (rig.Device, rig.Device.Memory.Free);
                var program = new NvmeProgram { Queues = queues, Depth = depth, BlockSize = 512 * blocks, Ios = ios, ReadShare = readShare };
                Assert.True((ulong)free >= program.Pages(4096));
                rig.Run(program);
                Assert.Equal(free - (queues * (depth + 2)), device.Memory.Free);
                Assert.Equal(ios, device.Counts.Operations);
                Assert.All(device.Answers, answer => Assert.Equal(DmaStatus.Completed, answer));
                Assert.Equal(device.Dma.Mapping.Counts.Maps - (queues * (depth + 2)), device.Dma.Mapping.Counts.Unmaps);
            },
            iter: 40);
}
