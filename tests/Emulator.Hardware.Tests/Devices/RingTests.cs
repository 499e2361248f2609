using CsCheck;
using Emulator.Hardware.Devices;
using Emulator.Hardware.Dma;
using Emulator.Hardware.DmaApi;

namespace Emulator.Hardware.Tests.Devices;

/// <summary>A network card: descriptors, drops, and how its buffers are mapped.</summary>
public class RingTests
{
    [Fact]
    public void A_packet_is_a_descriptor_read_its_bytes_and_the_descriptor_written()
    {
        using var rig = new DeviceRig("arm-smmu-v3");
        rig.Run(new RingProgram { Received = 50, Sent = 30, PacketSize = 1500, RingSize = 64 });
        var device = rig.Device;
        Assert.Equal((80L, 80L * 1500, 0L), (device.Counts.Operations, device.Counts.Bytes, device.Counts.Dropped));
        Assert.Equal(80 * (2 + 6), device.Engine.Sent);
        Assert.Equal((80, 80), (device.SentOf(DmaAccess.Read, 16), device.SentOf(DmaAccess.Write, 16)));
        Assert.Equal((50, 30), (device.SentOf(DmaAccess.Write, 1500 % 256), device.SentOf(DmaAccess.Read, 1500 % 256)));
        Assert.All(device.Answers, answer => Assert.Equal(DmaStatus.Completed, answer));
    }

    [Fact]
    public void A_wire_that_is_faster_than_the_CPU_finds_no_buffer_and_drops()
    {
        using var rig = new DeviceRig();
        rig.Run(new RingProgram { Received = 2000, Sent = 0, RingSize = 8, PacketSize = 64, WireRate = 100, CpuPerPacket = 5000 });
        Assert.InRange(rig.Device.Counts.Dropped, 1000, 1999);
        Assert.Equal(2000, rig.Device.Counts.Dropped + rig.Device.Counts.Operations);
    }

    [Fact]
    public void A_slow_wire_drops_nothing_and_sets_the_pace()
    {
        using var rig = new DeviceRig();
        rig.Run(new RingProgram { Received = 1000, Sent = 0, PacketSize = 1226, WireRate = 1 });
        Assert.Equal((0L, 1000L), (rig.Device.Counts.Dropped, rig.Device.Counts.Operations));
        // 1226 bytes and the 24 of an Ethernet frame are 10 us at 1 Gbit/s.
        Assert.InRange(rig.Device.Counts.Last, 999 * 10_000_000L, 1001 * 10_000_000L);
    }

    [Fact]
    public void A_page_pool_maps_each_buffer_once()
    {
        using var rig = new DeviceRig();
        rig.Run(new RingProgram { Received = 500, Sent = 0, RingSize = 32, UsesPagePool = true });
        var counts = rig.Device.Dma.Mapping.Counts;
        Assert.Equal((2L + 32, 0L), (counts.Maps, counts.Unmaps));
    }

    [Fact]
    public void Without_a_ring_of_packets_in_either_direction_there_is_nothing_to_do() =>
        Assert.Throws<ArgumentException>(() => new RingProgram { Received = 0, Sent = 0 }.Validate());

    [Fact]
    public void Whatever_the_packets_are_what_stays_mapped_is_the_rings_and_the_posted_buffers() =>
        Gen.Select(Gen.Int[0, 300], Gen.Int[0, 300], Gen.Int[3, 6], Gen.Int[64, 4096], Gen.Double[1, 200], Gen.Bool, Gen.Enum<DmaMode>())
            .Where(program => program.Item1 + program.Item2 > 0).Sample(
            (received, sent, ring, size, wire, pool, mode) =>
            {
                using var rig = new DeviceRig(mode: mode);
                var (device, free) = (rig.Device, rig.Device.Memory.Free);
                rig.Run(new RingProgram { Received = received, Sent = sent, RingSize = 1 << ring, PacketSize = size, WireRate = wire, UsesPagePool = pool });
                var posted = received > 0 ? 1 << ring : 0;
                Assert.Equal(free - 2 - posted, device.Memory.Free);
                Assert.Equal(received + sent, device.Counts.Operations + device.Counts.Dropped);
                Assert.Equal(2 + posted, device.Dma.Mapping.Counts.Maps - device.Dma.Mapping.Counts.Unmaps);
                Assert.All(device.Answers, answer => Assert.Equal(DmaStatus.Completed, answer));
            },
            iter: 40);
}
