using Emulator.Hardware.Dma;
using Emulator.Hardware.Timing;

namespace Emulator.Hardware.Devices;

/// <summary>
/// A device and the driver that serves it, as events of one timeline: each derives its own and says what its events do. Transfers go over the device's link one after the other, in DMAs of at most
/// a request's size, in the order in which they were started.
/// </summary>
public abstract class DeviceAgent : TimelineAgent
{
    private const int Start = -1;
    private const int NextWork = -2;
    private const int NoCpu = -1;
    private const ulong Boundary = 4096;

    private readonly PriorityQueue<(int What, int Index, int Cpu), (long Time, long Order)> _events = new();
    private readonly Processor[] _processors;
    private readonly Queue<int> _line = new();
    private readonly Stack<int> _unused = new();
    private Transfer[] _transfers = new Transfer[16];
    private int _made;
    private long _order;
    private long _link = VirtualTime.Never;

    /// <summary>Makes an agent without events.</summary>
    /// <param name="engine">The device's DMA engine.</param>
    /// <param name="requestSize">Bytes of one DMA at most, 1 to 4096: what link and device allow.</param>
    /// <param name="cpus">CPUs that work for the device.</param>
    protected DeviceAgent(DmaEngine engine, int requestSize, int cpus)
    {
        ArgumentNullException.ThrowIfNull(engine);
        (Engine, RequestSize) = (engine, requestSize);
        _processors = [.. Enumerable.Range(0, cpus).Select(_ => new Processor())];
    }

    /// <summary>The device's DMA engine.</summary>
    protected DmaEngine Engine { get; }

    /// <summary>Bytes of one DMA at most.</summary>
    protected int RequestSize { get; }

    /// <summary>The timeline; valid while an event is handled.</summary>
    protected Timeline? Timeline { get; private set; }

    /// <inheritdoc/>
    protected internal override void Act(Timeline timeline)
    {
        Timeline = timeline;
        do
        {
            var now = Next;
            if (_link <= now)
            {
                SendPart(now);
            }
            else if (_events.TryPeek(out var due, out var at) && at.Time <= now)
            {
                _events.Dequeue();
                if (due.What == Start)
                    BeginTransfer(due.Index, now);
                else if (due.Cpu == NoCpu)
                    Handle(due.What, due.Index, now);
                else
                    Serve(due, now);
            }

            Next = Math.Min(_link, _events.TryPeek(out _, out var next) ? next.Time : VirtualTime.Never);
        }
        while (Next < timeline!.Limit);
        Timeline = null;
    }

    /// <summary>An event is due.</summary>
    /// <param name="what">What it is, as given when it was planned.</param>
    /// <param name="index">Of what, likewise.</param>
    /// <param name="now">The time.</param>
    protected abstract void Handle(int what, int index, long now);

    /// <summary>A CPU does a piece of work that was planned for it.</summary>
    /// <param name="what">What it is, as given when it was planned.</param>
    /// <param name="index">Of what, likewise.</param>
    /// <param name="cpu">The CPU.</param>
    /// <param name="now">The time.</param>
    /// <returns>When the CPU is done with it.</returns>
    protected abstract long Work(int what, int index, int cpu, long now);

    /// <summary>Plans a piece of work for a CPU, which does one after the other.</summary>
    /// <param name="at">When it comes to the CPU.</param>
    /// <param name="cpu">The CPU.</param>
    /// <param name="what">What it is, at least 0.</param>
    /// <param name="index">Of what.</param>
    protected void PlanWork(long at, int cpu, int what, int index)
    {
        ArgumentOutOfRangeException.ThrowIfNegative(what);
        _events.Enqueue((what, index, cpu), (at, _order++));
    }

    /// <summary>Plans an event.</summary>
    /// <param name="at">When.</param>
    /// <param name="what">What it is, at least 0.</param>
    /// <param name="index">Of what.</param>
    protected void Plan(long at, int what, int index)
    {
        ArgumentOutOfRangeException.ThrowIfNegative(what);
        _events.Enqueue((what, index, NoCpu), (at, _order++));
    }

    /// <summary>An event of another agent's making: as <see cref="Plan"/>, and this agent is woken.</summary>
    /// <param name="timeline">The timeline.</param>
    /// <param name="at">When.</param>
    /// <param name="what">What it is, at least 0.</param>
    /// <param name="index">Of what.</param>
    protected void PlanFromOutside(Timeline timeline, long at, int what, int index)
    {
        ArgumentNullException.ThrowIfNull(timeline);
        Plan(at, what, index);
        timeline.Wake(this, at);
    }

    /// <summary>Plans a transfer of the device; when it is done, an event.</summary>
    /// <param name="at">When the device wants to begin.</param>
    /// <param name="iova">Where the transfer begins.</param>
    /// <param name="access">Its direction.</param>
    /// <param name="length">Its bytes, at least 1.</param>
    /// <param name="what">The event when all of it is done.</param>
    /// <param name="index">Of what.</param>
    protected void PlanTransfer(long at, ulong iova, DmaAccess access, long length, int what, int index)
    {
        if (!_unused.TryPop(out var slot))
        {
            slot = _made++;
            if (slot == _transfers.Length)
                Array.Resize(ref _transfers, 2 * slot);
        }

        _transfers[slot] = new Transfer { Iova = iova, Left = length, Access = access, What = what, Index = index };
        _events.Enqueue((Start, slot, NoCpu), (at, _order++));
    }

    private void Serve((int What, int Index, int Cpu) due, long now)
    {
        var processor = _processors[due.Cpu];
        if (due.What != NextWork)
            processor.Waiting.Enqueue((due.What, due.Index));
        else
            processor.IsBusy = false;
        if (processor.IsBusy || !processor.Waiting.TryDequeue(out var work))
            return;
        processor.IsBusy = true;
        _events.Enqueue((NextWork, 0, due.Cpu), (Math.Max(now, Work(work.What, work.Index, due.Cpu, now)), _order++));
    }

    private void BeginTransfer(int slot, long now)
    {
        _line.Enqueue(slot);
        if (_line.Count == 1)
            _link = Engine.IssueTime(now, PartOf(ref _transfers[slot]), _transfers[slot].Access);
    }

    private void SendPart(long now)
    {
        ref var transfer = ref _transfers[_line.Peek()];
        var part = PartOf(ref transfer);
        transfer.Done = Math.Max(transfer.Done, Engine.Send(transfer.Iova, transfer.Access, part, now));
        transfer.Iova += (ulong)part;
        transfer.Left -= part;
        if (transfer.Left == 0)
        {
            Plan(transfer.Done, transfer.What, transfer.Index);
            _unused.Push(_line.Dequeue());
            if (_line.Count == 0)
            {
                _link = VirtualTime.Never;
                return;
            }

            transfer = ref _transfers[_line.Peek()];
        }

        _link = Engine.IssueTime(now, PartOf(ref transfer), transfer.Access);
    }

    private int PartOf(ref Transfer transfer) =>
        (int)Math.Min((ulong)Math.Min(transfer.Left, RequestSize), Boundary - (transfer.Iova & (Boundary - 1)));

    private sealed class Processor
    {
        public Queue<(int What, int Index)> Waiting { get; } = new();

        public bool IsBusy { get; set; }
    }

    private struct Transfer
    {
        public ulong Iova;
        public long Left;
        public long Done;
        public DmaAccess Access;
        public int What;
        public int Index;
    }
}
