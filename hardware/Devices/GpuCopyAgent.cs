using Emulator.Hardware.Dma;
using Emulator.Hardware.DmaApi;
using Emulator.Hardware.Timing;

namespace Emulator.Hardware.Devices;

/// <summary>A GPU's copy engines at work, see <see cref="GpuCopyProgram"/>: one for each direction.</summary>
internal sealed class GpuCopyAgent : DeviceAgent
{
    private const int Begin = 0;
    private const int SegmentDone = 1;
    private const int End = 2;

    private readonly GpuCopyProgram _program;
    private readonly DeviceContext _context;
    private readonly Copy[] _copies;
    private readonly long _cpu;
    private int _open;

    public GpuCopyAgent(GpuCopyProgram program, DeviceContext context)
        : base(context.Engine, program.RequestSize, cpus: 1)
    {
        (_program, _context) = (program, context);
        _cpu = VirtualTime.FromNanoseconds(program.CpuPerCopy);
        List<DmaDirection> directions = [];
        if (program.ToDevice)
            directions.Add(DmaDirection.ToDevice);
        if (program.FromDevice)
            directions.Add(DmaDirection.FromDevice);
        _copies = new Copy[directions.Count];
        _open = directions.Count;
        var now = context.Platform.Timeline.Now;
        for (var engine = 0; engine < _copies.Length; engine++)
        {
            var segments = context.Memory.TakeRun(program.CopySize);
            segments[^1] = segments[^1] with { Length = (ulong)program.CopySize - ((ulong)(segments.Length - 1) * context.Memory.PageSize) };
            _copies[engine] = new Copy { Direction = directions[engine], Segments = segments, Mapped = new DmaSegment[segments.Length], Left = program.Copies };
            PlanWork(now, 0, Begin, engine);
        }

        context.Platform.Timeline.Add(this, now);
    }

    protected override void Handle(int what, int index, long now)
    {
        if (--_copies[index].SegmentsLeft == 0)
            PlanWork(now, 0, End, index);
    }

    protected override long Work(int what, int index, int cpu, long now)
    {
        ref var copy = ref _copies[index];
        return what == Begin ? BeginCopy(ref copy, index, now) : EndCopy(ref copy, index, now);
    }

    private long BeginCopy(ref Copy copy, int index, long now)
    {
        copy.Began = now;
        var mapped = copy.Count > 0 ? now : _context.Dma.Map(now, copy.Segments, copy.Mapped, copy.Direction, 0, out copy.Count);
        var rung = mapped + _cpu + VirtualTime.FromNanoseconds(_context.Platform.Timing.RegisterWrite);
        copy.SegmentsLeft = copy.Count;
        foreach (var segment in copy.Mapped.AsSpan(0, copy.Count))
            PlanTransfer(rung, segment.Address, copy.Direction == DmaDirection.ToDevice ? DmaAccess.Read : DmaAccess.Write, (long)segment.Length, SegmentDone, index);
        return rung;
    }

    private long EndCopy(ref Copy copy, int index, long now)
    {
        var done = now;
        if (_program.MapsEachCopy)
        {
            done = _context.Dma.Unmap(now, copy.Mapped.AsSpan(0, copy.Count), 0);
            copy.Count = 0;
        }

        _context.Counts.Done(copy.Began, done, _program.CopySize);
        if (--copy.Left > 0)
            PlanWork(done, 0, Begin, index);
        else if (--_open == 0)
            _context.Ended();
        return done;
    }

    private struct Copy
    {
        public DmaDirection Direction;
        public ScatterSegment[] Segments;
        public DmaSegment[] Mapped;
        public int Count;
        public int SegmentsLeft;
        public long Left;
        public long Began;
    }
}
