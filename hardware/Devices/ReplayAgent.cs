using Emulator.Hardware.Dma;
using Emulator.Hardware.DmaApi;

namespace Emulator.Hardware.Devices;

/// <summary>A recorded device at work, see <see cref="ReplayProgram"/>.</summary>
internal sealed class ReplayAgent : DeviceAgent
{
    private const int Call = 0;
    private const int SegmentDone = 1;

    private readonly ReplayProgram _program;
    private readonly DeviceContext _context;
    private readonly Dictionary<int, Buffer> _buffers = [];
    private readonly DmaMode _mode;
    private DmaSegment[] _mapped = new DmaSegment[16];
    private long _began;
    private int _next;
    private int _loopsLeft;
    private int _waitsFor = -1;

    public ReplayAgent(ReplayProgram program, DeviceContext context)
        : base(context.Engine, program.RequestSize, program.Cpus)
    {
        (_program, _context, _loopsLeft) = (program, context, program.Loops);
        _mode = !context.Dma.Translates ? DmaMode.PassThrough : context.Dma.Mapping.Queue == null ? DmaMode.Strict : DmaMode.Lazy;
        _began = context.Platform.Timeline.Now;
        Plan(_began + TimeOf(0), Call, 0);
        context.Platform.Timeline.Add(this, _began);
    }

    protected override void Handle(int what, int index, long now)
    {
        if (what == SegmentDone)
        {
            if (_buffers.TryGetValue(index, out var buffer) && --buffer.Pending == 0)
            {
                _context.Counts.Done(buffer.Began, now, (long)buffer.Size);
                if (_waitsFor == index)
                {
                    _waitsFor = -1;
                    Plan(now, Call, _next);
                }
            }

            return;
        }

        var call = _program.Calls[_next];
        // The driver unmaps when the device has finished.
        if (call.Kind == ReplayCallKind.Unmap && !_program.KeepsPace && _buffers.TryGetValue(call.Buffer, out var busy) && busy.Pending > 0)
        {
            _waitsFor = call.Buffer;
            return;
        }

        var done = Perform(call, now);
        if (++_next == _program.Calls.Count && !TryBeginAgain(ref done))
        {
            _context.Ended();
            return;
        }

        Plan(_program.KeepsPace ? Math.Max(now, _began + TimeOf(_next)) : done, Call, _next);
    }

    protected override long Work(int what, int index, int cpu, long now) => now;

    private long TimeOf(int call) => _program.KeepsPace ? _program.Calls[call].Time : 0;

    private bool TryBeginAgain(ref long now)
    {
        if (--_loopsLeft == 0)
            return false;
        foreach (var buffer in _buffers.Values)
            now = _context.Dma.Unmap(now, buffer.Address, (long)buffer.Size, 0);
        _buffers.Clear();
        (_next, _began) = (0, now);
        return true;
    }

    private long Perform(ReplayCall call, long now)
    {
        switch (call.Kind)
        {
            case ReplayCallKind.Unmap:
                return _buffers.Remove(call.Buffer, out var unmapped) ? _context.Dma.Unmap(now, unmapped.Address, (long)call.Size, call.Cpu) : now;
            case ReplayCallKind.BecomeLazy:
                if (_mode == DmaMode.Strict)
                    _context.Dma.Mapping.BecomeLazy();
                return now;
            case ReplayCallKind.BeginFlush or ReplayCallKind.FinishFlush:
                return _program.FlushesAsRecorded(_mode) ? Flush(call, now) : now;
            default:
                return Map(call, now);
        }
    }

    private long Map(ReplayCall call, long now)
    {
        var memory = call.Memory.ToArray();
        var (done, address, count) = (now, 0UL, 0);
        if (_mapped.Length < memory.Length)
            _mapped = new DmaSegment[memory.Length];
        switch (call.Kind)
        {
            case ReplayCallKind.MapPage:
                done = _context.Dma.Map(now, memory[0].Physical + call.Offset, (long)call.Size, call.Direction, call.Cpu, out address);
                (_mapped[0], count) = (new DmaSegment(address, call.Size), 1);
                address -= call.Offset;
                break;
            case ReplayCallKind.MapDoorbell:
                address = _context.Dma.Mapping.MapDoorbell(memory[0].Physical, call.Cpu, now);
                break;
            case ReplayCallKind.MapCoherent when _mode != DmaMode.PassThrough:
                done = _context.Dma.MapCoherent(now, memory, (long)call.Size, call.Cpu, out address);
                break;
            default:
                done = _context.Dma.Map(now, memory, _mapped, call.Direction, call.Cpu, out count);
                address = _mapped[0].Address;
                break;
        }

        if (call.Kind == ReplayCallKind.MapCoherent)
            count = 0;
        _buffers[call.Buffer] = new Buffer { Address = address, Size = call.Size, Began = now, Pending = count };
        foreach (var segment in _mapped.AsSpan(0, count))
            PlanTransfer(done, segment.Address, call.Direction == DmaDirection.FromDevice ? DmaAccess.Write : DmaAccess.Read, (long)segment.Length, SegmentDone, call.Buffer);
        return done;
    }

    private long Flush(ReplayCall call, long now)
    {
        if (_context.Dma.Mapping.Queue is not { } queue)
            return now;
        if (call.Kind == ReplayCallKind.BeginFlush)
        {
            queue.Begin();
            return now;
        }

        var done = _context.Dma.FinishFlush(now);
        for (var cpu = 0; cpu < _program.RecordedCpus; cpu++)
            queue.Reclaim(cpu, cpu < 64 && ((call.ReclaimedByOwner >> cpu) & 1) != 0 ? cpu : call.Cpu);
        return done;
    }

    private sealed class Buffer
    {
        public required ulong Address { get; init; }

        public required ulong Size { get; init; }

        public required long Began { get; init; }

        public required int Pending { get; set; }
    }
}
