using Emulator.Hardware.Dma;
using Emulator.Hardware.Timing;

namespace Emulator.Hardware.Devices;

/// <summary>A rank at work, see <see cref="CollectiveProgram"/>.</summary>
/// <remarks>What a rank sends in a step it has received in the one before, so its k-th chunk goes out when it has received k; those of an all-to-all go out together.</remarks>
internal sealed class CollectiveAgent : DeviceAgent
{
    private const int Begin = 0;
    private const int ChunkRead = 1;
    private const int ChunkArrived = 2;
    private const int ChunkWritten = 3;

    private readonly CollectiveProgram _program;
    private readonly DeviceContext _context;
    private readonly int _rank;
    private readonly ulong _from;
    private readonly ulong _to;
    private readonly long _latency;
    private long _linkFree;
    private long _began;
    private int _sent;
    private int _received;

    public CollectiveAgent(CollectiveProgram program, DeviceContext context)
        : base(context.Engine, program.RequestSize, cpus: 1)
    {
        (_program, _context) = (program, context);
        _rank = context.Ranks.Count;
        context.Ranks.Add(this);
        _latency = VirtualTime.FromNanoseconds(program.LinkLatency);
        var now = context.Platform.Timeline.Now;
        var ready = context.Dma.MapCoherent(now, context.Memory, program.DataSize, 0, out _from);
        ready = context.Dma.MapCoherent(ready, context.Memory, program.DataSize, 0, out _to);
        Plan(ready, Begin, 0);
        context.Platform.Timeline.Add(this, now);
    }

    private int Ranks => _context.Ranks.Count;

    private int StepsPerIteration => _program.Algorithm == CollectiveAlgorithm.AllReduce ? 2 * (Ranks - 1) : Ranks - 1;

    private int Chunk => Math.Max(1, _program.DataSize / Ranks);

    protected override void Handle(int what, int index, long now)
    {
        switch (what)
        {
            case Begin:
                if (Ranks < 2)
                    throw new InvalidOperationException("a collective needs at least two devices");
                _began = now;
                Send(now);
                break;
            case ChunkRead:
                _linkFree = Math.Max(now, _linkFree) + VirtualTime.FromNanoseconds(Chunk / _program.LinkRate);
                var peer = (CollectiveAgent)_context.Ranks[PeerOf(index)];
                peer.PlanFromOutside(Timeline!, _linkFree + _latency, ChunkArrived, index);
                break;
            case ChunkArrived:
                PlanTransfer(now, OffsetOf(_to, index), DmaAccess.Write, Chunk, ChunkWritten, index);
                break;
            case ChunkWritten:
                Receive(now);
                break;
        }
    }

    protected override long Work(int what, int index, int cpu, long now) => now;

    private int PeerOf(int step) => _program.Algorithm == CollectiveAlgorithm.AllReduce ? (_rank + 1) % Ranks : (_rank + 1 + (step % StepsPerIteration)) % Ranks;

    private ulong OffsetOf(ulong buffer, int step) => buffer + ((ulong)(step % Ranks) * (ulong)Chunk);

    private void Send(long now)
    {
        var last = _program.Iterations * StepsPerIteration;
        var until = _program.Algorithm == CollectiveAlgorithm.AllReduce ? _received + 1 : ((_received / StepsPerIteration) + 1) * StepsPerIteration;
        for (; _sent < Math.Min(until, last); _sent++)
            PlanTransfer(now, OffsetOf(_from, _sent), DmaAccess.Read, Chunk, ChunkRead, _sent);
    }

    private void Receive(long now)
    {
        _received++;
        if (_received % StepsPerIteration == 0)
        {
            _context.Counts.Done(_began, now, _program.DataSize);
            _began = now;
            if (_received == _program.Iterations * StepsPerIteration)
            {
                _context.Ended();
                return;
            }
        }

        Send(now);
    }
}
