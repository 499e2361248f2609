using Emulator.Hardware.Devices;
using Emulator.Hardware.Dma;
using Emulator.Hardware.DmaApi;

namespace Emulator.Hardware.Tests.Devices;

/// <summary>What every device has: transfers over one link, CPUs that do one thing after the other.</summary>
public class DeviceAgentTests
{
    [Fact]
    public void Transfers_are_sent_in_the_order_of_their_start_in_pieces_that_cross_no_page()
    {
        using var rig = new DeviceRig(mode: DmaMode.PassThrough);
        var agent = new Agent(rig.Device.Engine, 256, 1);
        agent.Transfer(1_000_000, 0x4000_0f80, DmaAccess.Write, 600, 1);
        agent.Transfer(500, 0x4001_0000, DmaAccess.Read, 64, 2);
        agent.Transfer(1_000_000, 0x4002_0000, DmaAccess.Write, 1, 3);
        rig.Timed.Timeline.Add(agent, 0);
        rig.Drain();
        Assert.Equal(
            [(0x4001_0000UL, 64), (0x4000_0f80UL, 128), (0x4000_1000UL, 256), (0x4000_1100UL, 216), (0x4002_0000UL, 1)],
            rig.Device.Sent.Select(request => (request.Iova.Value, (int)request.Length)));
        Assert.Equal([2, 1, 3], agent.Events.Select(done => done.What));
        Assert.True(agent.Events.Single(done => done.What == 1).Time > 1_000_000);
        Assert.Equal(665, rig.Device.Engine.Bytes);
    }

    [Fact]
    public void A_CPU_does_one_thing_after_the_other_and_CPUs_do_not_wait_for_each_other()
    {
        using var rig = new DeviceRig(mode: DmaMode.PassThrough);
        var agent = new Agent(rig.Device.Engine, 256, 2);
        agent.Do(10, 0, 1);
        agent.Do(20, 0, 2);
        agent.Do(15, 1, 3);
        agent.Do(500, 0, 4);
        rig.Timed.Timeline.Add(agent, 0);
        rig.Drain();
        Assert.Equal([(1, 10L), (3, 15L), (2, 110L), (4, 500L)], agent.Events);
    }

    private sealed class Agent(DmaEngine engine, int requestSize, int cpus) : DeviceAgent(engine, requestSize, cpus)
    {
        public List<(int What, long Time)> Events { get; } = [];

        public void Transfer(long at, ulong iova, DmaAccess access, long length, int what) => PlanTransfer(at, iova, access, length, what, 0);

        public void Do(long at, int cpu, int what) => PlanWork(at, cpu, what, 0);

        protected override void Handle(int what, int index, long now) => Events.Add((what, now));

        protected override long Work(int what, int index, int cpu, long now)
        {
            Events.Add((what, now));
            return now + 100;
        }
    }
}
