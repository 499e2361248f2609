using Akka.Actor;
using Emulator.Actors.Devices;
using Emulator.Actors.Hosts;
using Emulator.Hardware.Dma;
using Emulator.Hardware.Drivers;
using Emulator.Hardware.Faults;

namespace Emulator.Actors.Faults;

/// <summary>What goes wrong on the bus of a host. Part of the translation actor; made with the first fault.</summary>
internal sealed class SiliconFaults(EmulatedHost host, ITimerScheduler timers)
{
    private readonly Queue<(object Message, IActorRef Sender)> _stalled = [];
    private readonly int[] _neverComplete = new int[host.Devices.Count];
    private readonly bool[] _unplugged = new bool[host.Devices.Count];
    private bool _walkerStalls;

    /// <summary>Whether the interrupt handler is kept from running.</summary>
    public bool WithholdsInterrupts { get; private set; }

    private Bus Bus => host.Platform.Bus;

    private BusFaults OnBus => Bus.Faults ??= new BusFaults();

    /// <summary>A fault strikes. The reset of the IOMMU is the actor's own.</summary>
    public void Strike(Fault fault)
    {
        var unit = fault.Target % Bus.Units.Count;
        switch (fault.Kind)
        {
            case FaultKind.InvalidationDropped when Bus.Units[unit].Iotlb is { } iotlb:
                (iotlb.Faults ??= new InvalidationFaults()).ToDrop += fault.Count;
                break;
            case FaultKind.InvalidationDelayed when Bus.Units[unit].Iotlb is { } iotlb:
                (iotlb.Faults ??= new InvalidationFaults()).ToDelay += fault.Count;
                EndLater(fault, unit);
                break;
            case FaultKind.TableBitFlip:
                TableBitFlip.Apply(Bus.Memory, host.Platform.Frames, fault.Random);
                break;
            case FaultKind.EventQueueFull:
                WithholdsInterrupts = true;
                EndLater(fault, 0);
                break;
            case FaultKind.CommandQueueStuck:
                OnBus.IsStuck = true;
                EndLater(fault, 0);
                break;
            case FaultKind.WalkerStall:
                _walkerStalls = true;
                EndLater(fault, 0);
                break;
            case FaultKind.RegisterWriteLost:
                OnBus.RegisterWritesToLose += fault.Count;
                break;
            case FaultKind.StepsSwapped:
                OnBus.WritesToSwap += fault.Count;
                break;
            case FaultKind.NeverCompletes:
                _neverComplete[fault.Target % _neverComplete.Length] += fault.Count;
                break;
            case FaultKind.HotUnplug:
                _unplugged[fault.Target % _unplugged.Length] = true;
                break;
        }
    }

    /// <summary>A fault that lasts is over.</summary>
    /// <param name="over">Which.</param>
    /// <param name="resume">Handles a message that has waited.</param>
    public void End(FaultMessages.Over over, Action<object, IActorRef> resume)
    {
        switch (over.Kind)
        {
            case FaultKind.InvalidationDelayed:
                Bus.Units[over.Unit].Iotlb?.Faults?.Release();
                break;
            case FaultKind.EventQueueFull:
                WithholdsInterrupts = false;
                break;
            case FaultKind.CommandQueueStuck:
                Bus.Faults?.Release(Bus);
                break;
            case FaultKind.WalkerStall:
                _walkerStalls = false;
                while (!_walkerStalls && _stalled.TryDequeue(out var waiting))
                    resume(waiting.Message, waiting.Sender);
                break;
        }
    }

    /// <summary>Whether what waits in line with DMA has to wait longer; then it is kept.</summary>
    public bool Stalls(object message, IActorRef sender)
    {
        if (_walkerStalls)
            _stalled.Enqueue((message, sender));
        return _walkerStalls;
    }

    /// <summary>Whether a batch vanishes with its device.</summary>
    public bool IsGone(DmaBatch batch) => _unplugged[batch.Device];

    /// <summary>Whether a batch never completes; its answers then say that the silicon holds it.</summary>
    public bool NeverCompletes(DmaBatch batch)
    {
        if (_neverComplete[batch.Device] == 0)
            return false;
        _neverComplete[batch.Device]--;
        for (var i = 0; i < batch.Count; i++)
            batch.Completions[i] = new DmaCompletion(default, DmaStatus.Stalled, batch.Requests[i].Tag);
        return true;
    }

    /// <summary>The actor crashes: what lasts is over, for nobody is left to end it.</summary>
    /// <returns>The batches that have waited.</returns>
    public IEnumerable<DmaBatch> EndAll()
    {
        Bus.Faults?.Release(Bus);
        foreach (var unit in Bus.Units)
            unit.Iotlb?.Faults?.Release();
        return _stalled.Select(waiting => waiting.Message).OfType<DmaBatch>();
    }

    private void EndLater(Fault fault, int unit)
    {
        var over = new FaultMessages.Over(fault.Kind, unit);
        timers.StartSingleTimer(over, over, fault.Duration);
    }
}
