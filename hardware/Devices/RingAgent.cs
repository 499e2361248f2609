using Emulator.Hardware.Dma;
using Emulator.Hardware.DmaApi;
using Emulator.Hardware.Timing;

namespace Emulator.Hardware.Devices;

/// <summary>
/// A network card at work, see <see cref="RingProgram"/>. For each packet the card reads a descriptor of 16 bytes, moves the packet, and writes the descriptor back; the driver polls, unmaps, and for what
/// was received maps a fresh buffer. A packet that comes when no descriptor is free is dropped.
/// </summary>
internal sealed class RingAgent : DeviceAgent
{
    private const int Arrive = 0;
    private const int DescriptorRead = 1;
    private const int PacketMoved = 2;
    private const int DescriptorWritten = 3;
    private const int Poll = 4;
    private const int Fill = 5;
    private const int Send = 6;
    private const int DescriptorBytes = RingProgram.DescriptorBytes;

    private readonly RingProgram _program;
    private readonly DeviceContext _context;
    private readonly Slot[] _slots;
    private readonly Queue<int> _done = new();
    private readonly ulong _receiveRing;
    private readonly ulong _sendRing;
    private readonly long _interval;
    private readonly long _cpu;
    private long _received;
    private long _arrived;
    private long _toSend;
    private long _open;
    private bool _pollPlanned;
    private bool _hasEnded;
    private long _wireFree;

    public RingAgent(RingProgram program, DeviceContext context)
        : base(context.Engine, program.RequestSize, cpus: 1)
    {
        (_program, _context) = (program, context);
        // Preamble, gap and check sequence of an Ethernet frame.
        const int FrameOverhead = 24;
        _interval = VirtualTime.FromNanoseconds((program.PacketSize + FrameOverhead) * 8 / program.WireRate);
        _cpu = VirtualTime.FromNanoseconds(program.CpuPerPacket);
        _slots = new Slot[2 * program.RingSize];
        (_toSend, _open) = (program.Sent, program.Received + program.Sent);
        var (dma, memory, now) = (context.Dma, context.Memory, context.Platform.Timeline.Now);
        var ready = dma.MapCoherent(now, memory, program.RingSize * DescriptorBytes, 0, out _receiveRing);
        ready = dma.MapCoherent(ready, memory, program.RingSize * DescriptorBytes, 0, out _sendRing);
        for (var slot = 0; slot < program.RingSize && program.Received > 0; slot++)
            ready = Post(slot, ready);
        if (program.Received > 0)
            Plan(ready, Arrive, 0);
        for (var slot = 0; slot < program.RingSize && program.Sent > 0; slot++)
            PlanWork(ready, 0, Send, program.RingSize + slot);
        context.Platform.Timeline.Add(this, now);
    }

    protected override void Handle(int what, int index, long now)
    {
        switch (what)
        {
            case Arrive:
                Receive(now);
                break;
            case DescriptorRead:
                PlanTransfer(now, _slots[index].Address, IsSend(index) ? DmaAccess.Read : DmaAccess.Write, _program.PacketSize, PacketMoved, index);
                break;
            case PacketMoved:
                if (IsSend(index))
                    _wireFree = Math.Max(now, _wireFree) + _interval;
                PlanTransfer(IsSend(index) ? _wireFree : now, DescriptorOf(index), DmaAccess.Write, DescriptorBytes, DescriptorWritten, index);
                break;
            case DescriptorWritten:
                _done.Enqueue(index);
                PlanPoll(now + VirtualTime.FromNanoseconds(_program.InterruptDelay));
                break;
        }
    }

    protected override long Work(int what, int index, int cpu, long now) => what switch
    {
        Poll => Handle(now),
        Fill => Post(index, now),
        _ => Transmit(index, now),
    };

    private bool IsSend(int slot) => slot >= _program.RingSize;

    private ulong DescriptorOf(int slot) => (IsSend(slot) ? _sendRing : _receiveRing) + (ulong)(slot % _program.RingSize * DescriptorBytes);

    private void Receive(long now)
    {
        var slot = (int)(_received & (_program.RingSize - 1));
        if (!_slots[slot].IsPosted)
        {
            _context.Counts.Drop();
            EndOne();
        }
        else
        {
            _received++;
            _slots[slot].IsPosted = false;
            _slots[slot].Began = now;
            PlanTransfer(now, DescriptorOf(slot), DmaAccess.Read, DescriptorBytes, DescriptorRead, slot);
        }

        if (++_arrived < _program.Received)
            Plan(now + _interval, Arrive, 0);
    }

    private void PlanPoll(long at)
    {
        if (_pollPlanned)
            return;
        _pollPlanned = true;
        PlanWork(at, 0, Poll, 0);
    }

    // One packet; then the CPU looks again, or waits for an interrupt.
    private long Handle(long now)
    {
        _pollPlanned = false;
        if (!_done.TryDequeue(out var slot))
            return now;
        var keeps = _program.UsesPagePool && !IsSend(slot);
        var done = _cpu + (keeps ? now : _context.Dma.Unmap(now, _slots[slot].Address, _program.PacketSize, 0));
        if (!keeps)
            _context.Memory.Give(_slots[slot].Page);
        _context.Counts.Done(_slots[slot].Began, done, _program.PacketSize);
        EndOne();
        PlanWork(done, 0, IsSend(slot) ? Send : Fill, slot);
        if (_done.Count > 0)
            PlanPoll(done);
        return done;
    }

    private long Post(int slot, long now)
    {
        var done = now;
        if (_slots[slot].Address == 0 || !_program.UsesPagePool)
        {
            _slots[slot].Page = _context.Memory.Take();
            done = _context.Dma.Map(now, _slots[slot].Page, _program.PacketSize, DmaDirection.FromDevice, 0, out _slots[slot].Address);
        }

        _slots[slot].IsPosted = true;
        return done;
    }

    private long Transmit(int slot, long now)
    {
        if (_toSend == 0)
            return now;
        _toSend--;
        _slots[slot].Began = now;
        _slots[slot].Page = _context.Memory.Take();
        var mapped = _context.Dma.Map(now, _slots[slot].Page, _program.PacketSize, DmaDirection.ToDevice, 0, out _slots[slot].Address);
        var rung = mapped + VirtualTime.FromNanoseconds(_context.Platform.Timing.RegisterWrite);
        PlanTransfer(rung, DescriptorOf(slot), DmaAccess.Read, DescriptorBytes, DescriptorRead, slot);
        return rung;
    }

    private void EndOne()
    {
        if (--_open > 0 || _hasEnded)
            return;
        _hasEnded = true;
        _context.Ended();
    }

    private struct Slot
    {
        public ulong Page;
        public ulong Address;
        public long Began;
        public bool IsPosted;
    }
}
