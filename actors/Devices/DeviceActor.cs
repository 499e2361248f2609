using Akka.Actor;
using Emulator.Actors.Faults;
using Emulator.Actors.Hosts;
using Emulator.Actors.Ownership;
using Emulator.Hardware.Dma;

namespace Emulator.Actors.Devices;

/// <summary>
/// A device's DMA engine. It keeps at most its credits of batches in flight, fills each again when it returns, and goes on whatever the answers are: a
/// device does not ask who owns it. After a crash it stands still, like a device after reset.
/// </summary>
internal sealed class DeviceActor : UntypedActor
{
    private readonly EmulatedHost _host;
    private readonly int _device;
    private readonly IActorRef _translation;
    private readonly Workload _workload;
    private readonly DmaBatch[] _batches;
    private readonly StreamId _stream;
    private readonly ulong _base;
    private readonly ulong _slots;
    private readonly ulong _readBelow;
    private readonly int _lengthShift;
    private ulong _random;
    private ulong _next;
    private long _left;
    private int _inFlight;
    private Epoch _epoch;
    private DeviceFaults? _faults;

    public DeviceActor(EmulatedHost host, int device, IActorRef translation)
    {
        _device = device;
        _host = host;
        _translation = translation;
        _workload = host.Specification.WorkloadOf(device);
        var binding = host.Devices[device].Streams[0];
        _stream = binding.Stream;
        _base = host.Layout.IovaBase;
        _slots = host.Specification.BufferSize / (ulong)_workload.Length;
        _lengthShift = int.Log2(_workload.Length);
        _readBelow = (ulong)(_workload.ReadShare * (1UL << 32));
        // Any seed but zero keeps the generator going.
        _random = ((_workload.Seed + (ulong)device + 1) * 0x9e3779b97f4a7c15UL) | 1;
        _batches = new DmaBatch[_workload.Credits];
        for (var slot = 0; slot < _batches.Length; slot++)
            _batches[slot] = new DmaBatch(Self, device, device / host.Specification.GroupSize, binding.Unit, _workload.BatchSize) { Slot = slot };
    }

    protected override void PostRestart(Exception reason)
    {
        base.PostRestart(reason);
        Context.Parent.Tell(new SupervisionMessages.ChildRestarted(ActorKind.Device, _device));
    }

    protected override void OnReceive(object message)
    {
        switch (message)
        {
            // A batch of the engine before a crash is not this engine's: it is dropped.
            case DmaBatch batch when _batches[batch.Slot] == batch:
                Return(batch);
                break;
            case DmaBatch:
                break;
            case DeviceMessages.Start start:
                Start(start.Epoch);
                break;
            case DeviceMessages.Stop when _faults is { IgnoresStop: true }:
                break;
            case DeviceMessages.Stop:
                _left = 0;
                if (_inFlight == 0)
                    Finish();
                break;
            case DeviceMessages.Send send:
                SendApart(send);
                break;
            case FaultMessages.Strike strike:
                (_faults ??= new DeviceFaults(_host, _device)).Strike(strike.Fault);
                if (strike.Fault.Kind == FaultKind.HotUnplug)
                    _left = 0;
                break;
            case SupervisionMessages.CrashActor crash:
                throw InjectedCrashException.Of(crash);
            default:
                Unhandled(message);
                break;
        }
    }

    private void Start(Epoch epoch)
    {
        if (_left > 0 || _inFlight > 0)
            return;
        _epoch = epoch;
        _left = _workload.TotalDmas;
        if (_left == 0)
            Finish();
        for (var slot = 0; slot < _batches.Length && _left > 0; slot++)
            Send(_batches[slot]);
    }

    private void Return(DmaBatch batch)
    {
        _inFlight--;
        if (!batch.Lost && batch.CompletedUnder > _epoch)
            _epoch = batch.CompletedUnder;
        if (_left > 0)
            Send(batch);
        else if (_inFlight == 0)
            Finish();
    }

    private void Send(DmaBatch batch)
    {
        var count = (int)Math.Min(_left, _workload.BatchSize);
        _left -= count;
        _inFlight++;
        batch.Count = count;
        batch.Lost = false;
        batch.SentUnder = _epoch;
        Fill(batch.Requests.AsSpan(0, count));
        PutOnBus(batch);
    }

    // None of the engine's batches: it takes no credit, and returns to who asked for it.
    private void SendApart(DeviceMessages.Send send)
    {
        var like = _batches[0];
        var batch = new DmaBatch(Sender, _device, like.Group, like.Unit, send.Requests.Count) { Count = send.Requests.Count, SentUnder = send.Epoch, KeepsFaults = true };
        for (var i = 0; i < batch.Count; i++)
            batch.Requests[i] = send.Requests[i] with { Stream = _stream, Tag = (ushort)i };
        PutOnBus(batch);
    }

    private void PutOnBus(DmaBatch batch)
    {
        _faults?.Falsify(batch.Requests.AsSpan(0, batch.Count));
        _host.Batches.AddSent(_device);
        _translation.Tell(batch, ActorRefs.NoSender);
    }

    // From locals alone, and without a branch on the random direction, which none could foresee.
    private void Fill(Span<DmaRequest> requests)
    {
        var (random, next, sequential) = (_random, _next, _workload.Pattern == AccessPattern.Sequential);
        var (stream, length, first, lastSlot, lengthShift, readBelow) = (_stream, (ushort)_workload.Length, _base, _slots - 1, _lengthShift, _readBelow);
        for (var i = 0; i < requests.Length; i++)
        {
            random ^= random << 13;
            random ^= random >> 7;
            random ^= random << 17;
            var slot = (sequential ? next++ : random >> 32) & lastSlot;
            var access = (DmaAccess)((((uint)random - readBelow) >> 63) ^ 1);
            requests[i] = new DmaRequest(stream, new Iova(first + (slot << lengthShift)), access, length) { Tag = (ushort)i };
        }

        (_random, _next) = (random, next);
    }

    private void Finish() => Context.Parent.Tell(new DeviceMessages.Finished(_device));
}
