using Akka.Actor;
using Emulator.Actors.Devices;
using Emulator.Actors.Hosts;
using Emulator.Actors.Timing;
using Emulator.Hardware.Devices;
using Emulator.Hardware.Timing;

namespace Emulator.Actors.Silicon;

/// <summary>A device in a host's virtual time: its DMA engine, its workload's agents, and the batches in which its DMAs go to the isolation check and its actor.</summary>
internal sealed class TimedDevice
{
    private readonly EmulatedHost _host;
    private readonly TimedPlatform _platform;
    private readonly int _device;
    private readonly int _unit;
    private readonly Action<DmaBatch> _hand;
    private readonly Stack<DmaBatch> _empty = new();
    private IActorRef _actor = ActorRefs.Nobody;
    private TimelineAgent? _agent;
    private DmaBatch? _batch;
    private long _handed;
    private bool _told = true;

    public TimedDevice(EmulatedHost host, TimedPlatform platform, int device, DeviceTiming timing, Action<DmaBatch> hand)
    {
        (_host, _platform, _device, _hand) = (host, platform, device, hand);
        var binding = host.Devices[device].Streams[0];
        _unit = binding.Unit;
        var port = new DmaPort(host.Platform.Bus.Units[_unit], platform.TimerOf(_unit), new RequestTimer(timing));
        Engine = new DmaEngine(port, binding.Stream, HandOver);
    }

    public DmaEngine Engine { get; }

    /// <summary>Whether it has nothing left to send.</summary>
    public bool HasEnded { get; private set; } = true;

    /// <summary>Begins the workload, unless one is going on.</summary>
    /// <param name="actor">The device's actor.</param>
    public void Begin(IActorRef actor)
    {
        if (!HasEnded)
            return;
        _actor = actor;
        (_handed, _told) = (0, false);
        var workload = _host.Specification.WorkloadOf(_device);
        HasEnded = workload.TotalDmas == 0;
        if (HasEnded)
            return;
        var specification = _host.Specification;
        _agent = new AccessAgent(
            Engine,
            _host.Layout.IovaBase,
            specification.BufferSize,
            workload.Length,
            workload.ReadShare,
            workload.Pattern == AccessPattern.Sequential,
            workload.TotalDmas,
            workload.Seed + (ulong)_device + 1,
            _ => HasEnded = true);
        _platform.Timeline.Add(_agent, _platform.Timeline.Now);
    }

    /// <summary>Sends no more.</summary>
    public void Stop()
    {
        if (_agent != null)
            _platform.Timeline.Silence(_agent);
        HasEnded = true;
    }

    /// <summary>Tells the device's actor, once, that it has ended.</summary>
    public void TellIfEnded()
    {
        if (_told || !HasEnded)
            return;
        _told = true;
        Engine.Flush();
        _actor.Tell(new TimedMessages.Ended(_handed));
    }

    /// <summary>What it did.</summary>
    /// <param name="began">When the workloads began.</param>
    /// <param name="record">What its DMAs took.</param>
    public TimedDeviceReport Report(long began, TimedDeviceRecord record) =>
        new(_host.Devices[_device].Name, Engine.Sent, Engine.Bytes, Math.Max(0, Engine.LastDone - began), record.Latencies);

    public void Return(DmaBatch batch) => _empty.Push(batch);

    private void HandOver(DmaEngine engine)
    {
        if (_batch is { } batch)
        {
            batch.Count = engine.Count;
            batch.SentUnder = _host.Tenures[batch.Group].Epoch;
            _handed++;
            _hand(batch);
        }

        _batch = _empty.TryPop(out var empty)
            ? empty
            : new DmaBatch(_actor, _device, _device / _host.Specification.GroupSize, _unit, DmaBatch.Capacity) { Latencies = new int[DmaBatch.Capacity] };
        engine.Record(_batch.Requests, _batch.Completions, _batch.Latencies);
    }
}
