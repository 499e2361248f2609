using Akka.Actor;
using Akka.TestKit;
using Emulator.Actors.Devices;
using Emulator.Actors.Hosts;
using Emulator.Actors.Ownership;
using Emulator.Hardware.Dma;

namespace Emulator.Actors.Tests;

/// <summary>A device alone; the test plays the silicon.</summary>
public sealed class DeviceActorTests : HostTest
{
    private static readonly TimeSpan s_silence = TimeSpan.FromMilliseconds(50);

    private readonly TestProbe _silicon;
    private EmulatedHost? _host;

    public DeviceActorTests() => _silicon = CreateTestProbe();

    [Fact]
    public void It_never_has_more_batches_in_flight_than_credits()
    {
        var device = StartDevice(new Workload { TotalDmas = 10_000, Credits = 3 });
        var first = _silicon.ExpectMsg<DmaBatch>();
        _silicon.ExpectMsg<DmaBatch>();
        _silicon.ExpectMsg<DmaBatch>();
        _silicon.ExpectNoMsg(s_silence);
        device.Tell(first);
        Assert.Same(first, _silicon.ExpectMsg<DmaBatch>());
        _silicon.ExpectNoMsg(s_silence);
    }

    [Fact]
    public void It_sends_exactly_its_total()
    {
        var device = StartDevice(new Workload { TotalDmas = 1000, Credits = 2 });
        var sent = 0;
        for (var batch = 0; batch < 4; batch++)
        {
            var received = _silicon.ExpectMsg<DmaBatch>();
            sent += received.Count;
            device.Tell(received);
        }

        Assert.Equal(1000, sent);
        _silicon.ExpectNoMsg(s_silence);
    }

    [Fact]
    public void It_learns_its_groups_epoch_from_the_answers()
    {
        var device = StartDevice(new Workload { TotalDmas = 1000, Credits = 1 });
        var batch = _silicon.ExpectMsg<DmaBatch>();
        Assert.Equal(new Epoch(1), batch.SentUnder);
        batch.CompletedUnder = new Epoch(4);
        device.Tell(batch);
        Assert.Equal(new Epoch(4), _silicon.ExpectMsg<DmaBatch>().SentUnder);
    }

    [Fact]
    public void A_stopped_device_sends_no_more()
    {
        var device = StartDevice(new Workload { TotalDmas = 10_000, Credits = 1 });
        var batch = _silicon.ExpectMsg<DmaBatch>();
        device.Tell(new DeviceMessages.Stop());
        device.Tell(batch);
        _silicon.ExpectNoMsg(s_silence);
    }

    [Fact]
    public void A_batch_of_the_engine_before_a_crash_is_dropped()
    {
        var device = StartDevice(new Workload { TotalDmas = 10_000, Credits = 1 });
        var batch = _silicon.ExpectMsg<DmaBatch>();
        device.Tell(new SupervisionMessages.CrashActor(ActorKind.Device));
        device.Tell(new DeviceMessages.Start(new Epoch(2)));
        var next = _silicon.ExpectMsg<DmaBatch>();
        Assert.NotSame(batch, next);
        device.Tell(batch);
        _silicon.ExpectNoMsg(s_silence);
    }

    [Theory]
    [InlineData(0.0, 0, 0)]
    [InlineData(1.0, 256, 256)]
    [InlineData(0.5, 90, 166)]
    public void It_reads_and_writes_in_the_share_that_was_asked_for(double share, int fewest, int most)
    {
        StartDevice(new Workload { TotalDmas = 256, ReadShare = share });
        Assert.InRange(_silicon.ExpectMsg<DmaBatch>().Requests.Count(request => request.Access == DmaAccess.Read), fewest, most);
    }

    [Theory]
    [InlineData(AccessPattern.Random)]
    [InlineData(AccessPattern.Sequential)]
    public void Every_DMA_lies_in_the_buffer_and_the_same_seed_sends_the_same(AccessPattern pattern)
    {
        StartDevice(new Workload { TotalDmas = 256, Pattern = pattern, Length = 128 });
        var first = _silicon.ExpectMsg<DmaBatch>().Requests;
        StartDevice(new Workload { TotalDmas = 256, Pattern = pattern, Length = 128 });
        Assert.Equal(first, _silicon.ExpectMsg<DmaBatch>().Requests);
        var start = _host!.Layout.IovaBase;
        Assert.All(first, request => Assert.InRange(request.Iova.Value, start, start + _host.Specification.BufferSize - 128));
        Assert.All(first, request => Assert.Equal(0UL, request.Iova.Value % 128));
    }

    [Fact]
    public void DMA_sent_apart_from_the_workload_carries_the_devices_stream_takes_no_credit_and_returns_to_who_asked()
    {
        var device = StartDevice(new Workload { TotalDmas = 10_000, Credits = 1 });
        var engines = _silicon.ExpectMsg<DmaBatch>();
        device.Tell(new DeviceMessages.Send(new Epoch(3), [new DmaRequest(default, new Iova(0x1000), DmaAccess.Read), new DmaRequest(default, new Iova(0x2000), DmaAccess.Write)]), TestActor);
        var batch = _silicon.ExpectMsg<DmaBatch>();
        Assert.Equal((TestActor, 2, new Epoch(3), true), (batch.Owner, batch.Count, batch.SentUnder, batch.KeepsFaults));
        Assert.All(batch.Requests, request => Assert.Equal(_host!.Devices[0].Stream, request.Stream));
        Assert.Equal([0, 1], batch.Requests.Select(request => (int)request.Tag));
        _silicon.ExpectNoMsg(s_silence);
        device.Tell(engines);
        Assert.Same(engines, _silicon.ExpectMsg<DmaBatch>());
    }

    private IActorRef StartDevice(Workload workload)
    {
        _host = Build(Specification() with { Workload = workload });
        var device = Sys.ActorOf(HostProps.Device(_host, 0, _silicon));
        device.Tell(new DeviceMessages.Start(new Epoch(1)));
        return device;
    }
}
