using Emulator.Hardware.Dma;
using Emulator.Hardware.DmaApi;
using Emulator.Hardware.Timing;

namespace Emulator.Hardware.Devices;

/// <summary>An NVMe drive at work, see <see cref="NvmeProgram"/>: submission entries of 64 bytes and PRP lists are read by the drive, data move as the I/O says, completion entries of 16 bytes are
/// written, and the queue's CPU maps before and unmaps after.</summary>
internal sealed class NvmeAgent : DeviceAgent
{
    private const int Submit = 0;
    private const int CommandRead = 1;
    private const int ListRead = 2;
    private const int MediaDone = 3;
    private const int SegmentDone = 4;
    private const int CompletionWritten = 5;
    private const int Complete = 6;
    private const int CommandBytes = 64;
    private const int CompletionBytes = 16;

    private readonly NvmeProgram _program;
    private readonly int _page;
    private readonly DeviceContext _context;
    private readonly Io[] _ios;
    private readonly ulong[] _submissions;
    private readonly ulong[] _completions;
    private readonly ulong[] _lists;
    private readonly PriorityQueue<int, long> _channels = new();
    private readonly long _ends;
    private readonly long _cpu;
    private readonly ulong _readBelow;
    private ulong _random;
    private long _left;
    private int _inFlight;
    private bool _hasEnded;

    public NvmeAgent(NvmeProgram program, DeviceContext context)
        : base(context.Engine, program.RequestSize, program.Queues)
    {
        (_program, _context, _left) = (program, context, program.Ios);
        _page = (int)context.Memory.PageSize;
        var segments = (program.BlockSize + _page - 1) / _page;
        _ios = new Io[program.Queues * program.Depth];
        (_submissions, _completions, _lists) = (new ulong[program.Queues], new ulong[program.Queues], new ulong[_ios.Length]);
        _cpu = VirtualTime.FromNanoseconds(program.CpuPerIo / 2);
        _readBelow = (ulong)(program.ReadShare * (1UL << 32));
        _random = (context.Seed * 0x9e3779b97f4a7c15UL) | 1;
        var now = context.Platform.Timeline.Now;
        _ends = program.Runtime is { } runtime ? now + VirtualTime.FromNanoseconds(runtime) : VirtualTime.Never;
        for (var channel = 0; channel < program.Channels; channel++)
            _channels.Enqueue(channel, now);
        for (var io = 0; io < _ios.Length; io++)
        {
            _ios[io].Segments = new ScatterSegment[segments];
            _ios[io].Mapped = new DmaSegment[segments];
        }

        for (var queue = 0; queue < program.Queues; queue++)
        {
            var ready = MapQueue(queue, now);
            for (var slot = 0; slot < program.Depth; slot++)
                PlanWork(ready, queue, Submit, (queue * program.Depth) + slot);
        }

        context.Platform.Timeline.Add(this, now);
    }

    protected override void Handle(int what, int index, long now)
    {
        ref var io = ref _ios[index];
        var queue = index / _program.Depth;
        switch (what)
        {
            // Two pages are in the command itself.
            case CommandRead when _program.BlockSize > 2 * _page:
                PlanTransfer(now, _lists[index], DmaAccess.Read, 8 * (io.Segments.Length - 1), ListRead, index);
                break;
            case CommandRead or ListRead when io.Reads:
                PlanMedia(now, index, _program.MediaRead);
                break;
            case CommandRead or ListRead:
                PlanData(ref io, index, now);
                break;
            case MediaDone when io.Reads:
                PlanData(ref io, index, now);
                break;
            case SegmentDone when --io.SegmentsLeft > 0:
                break;
            case SegmentDone when !io.Reads:
                PlanMedia(now, index, _program.MediaWrite);
                break;
            case MediaDone or SegmentDone:
                PlanTransfer(now, _completions[queue] + (ulong)(index % _program.Depth * CompletionBytes), DmaAccess.Write, CompletionBytes, CompletionWritten, index);
                break;
            case CompletionWritten:
                PlanWork(now + VirtualTime.FromNanoseconds(_program.InterruptDelay), queue, Complete, index);
                break;
        }
    }

    protected override long Work(int what, int index, int cpu, long now) => what == Submit ? Begin(ref _ios[index], index, cpu, now) : End(ref _ios[index], index, cpu, now);

    private void PlanMedia(long now, int index, double time)
    {
        _channels.TryDequeue(out var channel, out var free);
        var done = Math.Max(now, free) + VirtualTime.FromNanoseconds(time);
        _channels.Enqueue(channel, done);
        Plan(done, MediaDone, index);
    }

    private void PlanData(ref Io io, int index, long now)
    {
        io.SegmentsLeft = io.Count;
        foreach (var segment in io.Mapped.AsSpan(0, io.Count))
            PlanTransfer(now, segment.Address, io.Reads ? DmaAccess.Write : DmaAccess.Read, (long)segment.Length, SegmentDone, index);
    }

    // Rings of submission and completion entries, and a page for each I/O's PRP list: mapped once.
    private long MapQueue(int queue, long now)
    {
        now = MapRing(now, queue, _program.Depth * CommandBytes, out _submissions[queue]);
        now = MapRing(now, queue, _program.Depth * CompletionBytes, out _completions[queue]);
        for (var slot = 0; slot < _program.Depth; slot++)
            now = _context.Dma.Map(now, _context.Memory.Take(), _page, DmaDirection.Bidirectional, queue, out _lists[(queue * _program.Depth) + slot]);
        return now;
    }

    private long MapRing(long now, int cpu, int bytes, out ulong address) =>
        _context.Dma.MapCoherent(now, _context.Memory.TakeRun(bytes), cpu, out address);

    private long Begin(ref Io io, int index, int queue, long now)
    {
        if (_left == 0 || now >= _ends)
        {
            if (_inFlight == 0 && !_hasEnded)
            {
                _hasEnded = true;
                _context.Ended();
            }

            return now;
        }

        _left--;
        _inFlight++;
        (io.Began, io.Reads) = (now, Random() < _readBelow);
        _context.Memory.Take(io.Segments);
        io.Segments[^1] = io.Segments[^1] with { Length = (ulong)(_program.BlockSize - ((io.Segments.Length - 1) * _page)) };
        var mapped = _context.Dma.Map(now, io.Segments, io.Mapped, io.Reads ? DmaDirection.FromDevice : DmaDirection.ToDevice, queue, out io.Count);
        var rung = mapped + _cpu + VirtualTime.FromNanoseconds(_context.Platform.Timing.RegisterWrite);
        PlanTransfer(rung, _submissions[queue] + (ulong)(index % _program.Depth * CommandBytes), DmaAccess.Read, CommandBytes, CommandRead, index);
        return rung;
    }

    private long End(ref Io io, int index, int queue, long now)
    {
        var done = _context.Dma.Unmap(now, io.Mapped.AsSpan(0, io.Count), queue) + _cpu;
        foreach (var segment in io.Segments)
            _context.Memory.Give(segment.Physical);
        _inFlight--;
        _context.Counts.Done(io.Began, done, _program.BlockSize);
        PlanWork(done, queue, Submit, index);
        return done;
    }

    private ulong Random()
    {
        _random ^= _random << 13;
        _random ^= _random >> 7;
        _random ^= _random << 17;
        return _random & uint.MaxValue;
    }

    private struct Io
    {
        public ScatterSegment[] Segments;
        public DmaSegment[] Mapped;
        public int Count;
        public int SegmentsLeft;
        public bool Reads;
        public long Began;
    }
}
