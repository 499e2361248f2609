using Emulator.Hardware.Dma;
using Emulator.Hardware.DmaApi;
using Emulator.Hardware.Timing;

namespace Emulator.Hardware.Devices;

/// <summary>An NVMe drive at work, see <see cref="NvmeDrive"/>: submission entries of 64 bytes and PRP lists are read by the drive, data move as the I/O says, completion entries of 16 bytes are
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
    private const int ListEntryBytes = 8;

    private readonly NvmeDrive _drive;
    private readonly int _page;
    private readonly DeviceContext _context;
    private readonly Io[] _ios;
    private readonly Queue[] _queues;
    private readonly PriorityQueue<int, long> _channels = new();
    private readonly long _cpu;
    private ulong _random;
    private int _open;

    public NvmeAgent(NvmeDrive drive, DeviceContext context)
        : base(context.Engine, drive.RequestSize, drive.Cpus)
    {
        (_drive, _context) = (drive, context);
        _page = (int)context.Memory.PageSize;
        _cpu = VirtualTime.FromNanoseconds(drive.CpuPerIo / 2);
        _random = (context.Seed * 0x9e3779b97f4a7c15UL) | 1;
        var now = context.Platform.Timeline.Now;
        for (var channel = 0; channel < drive.Channels; channel++)
            _channels.Enqueue(channel, now);
        var pairs = drive.QueuePairs;
        _queues = [.. pairs.Select(pair => new Queue(pair))];
        _ios = new Io[pairs.Sum(pair => pair.Depth)];
        var first = 0;
        for (var queue = 0; queue < _queues.Length; queue++)
        {
            _queues[queue].First = first;
            for (; first < _queues[queue].First + pairs[queue].Depth; first++)
            {
                var segments = (pairs[queue].BlockSize + _page - 1) / _page;
                _ios[first] = new Io { Queue = queue, Segments = new ScatterSegment[segments], Mapped = new DmaSegment[segments] };
            }

            MapRings(queue, now);
        }

        for (var queue = 0; queue < _queues.Length; queue++)
            MapLists(queue);
        BeginStage(pairs.Min(pair => pair.Stage), now);
        context.Platform.Timeline.Add(this, now);
    }

    protected override void Handle(int what, int index, long now)
    {
        ref var io = ref _ios[index];
        var queue = _queues[io.Queue];
        switch (what)
        {
            // Two pages are in the command itself.
            case CommandRead when io.Segments.Length > 2:
                PlanTransfer(now, io.List, DmaAccess.Read, ListEntryBytes * (io.Segments.Length - 1), ListRead, index);
                break;
            case CommandRead or ListRead when io.Reads:
                PlanMedia(now, index, _drive.MediaRead);
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
                PlanMedia(now, index, _drive.MediaWrite);
                break;
            case MediaDone or SegmentDone:
                PlanTransfer(now, queue.Entry(queue.Completions, index, NvmeQueue.CompletionBytes), DmaAccess.Write, NvmeQueue.CompletionBytes, CompletionWritten, index);
                break;
            case CompletionWritten:
                PlanWork(now + VirtualTime.FromNanoseconds(_drive.InterruptDelay), io.Queue, Complete, index);
                break;
        }
    }

    protected override long Work(int what, int index, int cpu, long now) => what == Submit ? Begin(ref _ios[index], index, now) : End(ref _ios[index], index, now);

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

    // Rings of submission and completion entries, and a page for each I/O's PRP list: mapped once, all rings first, which may have to be in one piece.
    private void MapRings(int index, long now)
    {
        var queue = _queues[index];
        queue.Ready = _context.Dma.MapCoherent(now, _context.Memory, queue.Plan.Depth * NvmeQueue.SubmissionBytes, index, out queue.Submissions);
        queue.Ready = _context.Dma.MapCoherent(queue.Ready, _context.Memory, queue.Plan.Depth * NvmeQueue.CompletionBytes, index, out queue.Completions);
    }

    private void MapLists(int index)
    {
        var queue = _queues[index];
        for (var slot = 0; slot < queue.Plan.Depth; slot++)
            queue.Ready = _context.Dma.Map(queue.Ready, _context.Memory.Take(), _page, DmaDirection.Bidirectional, index, out _ios[queue.First + slot].List);
    }

    private void BeginStage(int stage, long now)
    {
        for (var queue = 0; queue < _queues.Length; queue++)
        {
            var begun = _queues[queue];
            if (begun.Plan.Stage != stage)
                continue;
            _open++;
            begun.Ends = begun.Plan.Runtime is { } runtime ? now + VirtualTime.FromNanoseconds(runtime) : VirtualTime.Never;
            for (var slot = 0; slot < begun.Plan.Depth; slot++)
                PlanWork(Math.Max(now, begun.Ready), queue, Submit, begun.First + slot);
        }
    }

    private long Begin(ref Io io, int index, long now)
    {
        var queue = _queues[io.Queue];
        if (queue.Left == 0 || now >= queue.Ends)
        {
            if (queue.InFlight == 0 && !queue.HasEnded)
                EndQueue(queue, now);
            return now;
        }

        queue.Left--;
        queue.InFlight++;
        (io.Began, io.Reads) = (now, Random() < queue.ReadBelow);
        _context.Memory.Take(io.Segments);
        io.Segments[^1] = io.Segments[^1] with { Length = (ulong)(queue.Plan.BlockSize - ((io.Segments.Length - 1) * _page)) };
        var mapped = _context.Dma.Map(now, io.Segments, io.Mapped, io.Reads ? DmaDirection.FromDevice : DmaDirection.ToDevice, io.Queue, out io.Count);
        var rung = mapped + _cpu + VirtualTime.FromNanoseconds(_context.Platform.Timing.RegisterWrite);
        PlanTransfer(rung, queue.Entry(queue.Submissions, index, NvmeQueue.SubmissionBytes), DmaAccess.Read, NvmeQueue.SubmissionBytes, CommandRead, index);
        return rung;
    }

    private long End(ref Io io, int index, long now)
    {
        var queue = _queues[io.Queue];
        var done = _context.Dma.Unmap(now, io.Mapped.AsSpan(0, io.Count), io.Queue) + _cpu;
        foreach (var segment in io.Segments)
            _context.Memory.Give(segment.Physical);
        queue.InFlight--;
        _context.Counts.Done(io.Began, done, queue.Plan.BlockSize);
        PlanWork(done, io.Queue, Submit, index);
        return done;
    }

    private void EndQueue(Queue queue, long now)
    {
        queue.HasEnded = true;
        if (--_open > 0)
            return;
        if (Array.TrueForAll(_queues, other => other.HasEnded))
            _context.Ended();
        else
            BeginStage(_queues.Where(other => !other.HasEnded).Min(other => other.Plan.Stage), now);
    }

    private ulong Random()
    {
        _random ^= _random << 13;
        _random ^= _random >> 7;
        _random ^= _random << 17;
        return _random & uint.MaxValue;
    }

    private sealed class Queue(NvmeQueue plan)
    {
        // Where the device finds its rings; filled by reference.
        public ulong Submissions;
        public ulong Completions;

        public NvmeQueue Plan { get; } = plan;

        public ulong ReadBelow { get; } = (ulong)(plan.ReadShare * (1UL << 32));

        public int First { get; set; }

        public long Ready { get; set; }

        public long Left { get; set; } = plan.Ios;

        public long Ends { get; set; }

        public int InFlight { get; set; }

        public bool HasEnded { get; set; }

        public ulong Entry(ulong ring, int io, int bytes) => ring + (ulong)((io - First) * bytes);
    }

    private struct Io
    {
        public int Queue;
        public ulong List;
        public ScatterSegment[] Segments;
        public DmaSegment[] Mapped;
        public int Count;
        public int SegmentsLeft;
        public bool Reads;
        public long Began;
    }
}
