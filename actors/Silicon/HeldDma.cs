using Akka.Actor;
using Emulator.Actors.Devices;
using Emulator.Actors.Hosts;
using Emulator.Actors.Ownership;
using Emulator.Hardware.Dma;
using Emulator.Hardware.Drivers;
using Emulator.Hardware.Iommus;

namespace Emulator.Actors.Silicon;

/// <summary>Follows DMA that silicon holds (stalls): a group has drained only when none of its DMA is held, and an answer that comes late passes
/// the isolation check like any other.</summary>
internal sealed class HeldDma
{
    private readonly ResumedDma[] _resumed = new ResumedDma[64];
    private readonly Dictionary<StreamBinding, int> _devices = [];
    private readonly int _devicesPerGroup;
    private int _held;

    public HeldDma(EmulatedHost host)
    {
        _devicesPerGroup = host.Specification.GroupSize;
        for (var device = 0; device < host.Devices.Count; device++)
        {
            foreach (var binding in host.Devices[device].Streams)
                _devices.TryAdd(binding, device);
        }

        foreach (ref readonly var tenure in host.Tenures.AsSpan())
            _held += tenure.Held + tenure.Abandoned;
    }

    /// <summary>Whether the silicon holds any.</summary>
    public bool IsAny => _held > 0;

    /// <summary>Counts what the silicon holds of a batch that it has answered.</summary>
    public int Count(DmaBatch batch)
    {
        var stalled = 0;
        foreach (ref readonly var completion in batch.Completions.AsSpan(0, batch.Count))
            stalled += completion.Status == DmaStatus.Stalled ? 1 : 0;
        _held += stalled;
        return stalled;
    }

    /// <summary>Takes what the silicon has let go and sends it to the check.</summary>
    /// <returns>Whether there was any.</returns>
    public bool TakeResumed(IIommu[] units, GroupTenure[] tenures, IActorRef checker)
    {
        var any = false;
        for (var unit = 0; unit < units.Length; unit++)
        {
            while (units[unit].TakeResumed(_resumed) is var count and > 0)
            {
                any = true;
                _held -= count;
                for (ReadOnlySpan<ResumedDma> rest = _resumed.AsSpan(0, count); rest.Length > 0;)
                {
                    var run = RunOfOneStream(rest);
                    if (_devices.TryGetValue(new StreamBinding(unit, rest[0].Request.Stream), out var device))
                        Forward(rest[..run], device, unit, tenures, checker);
                    rest = rest[run..];
                }
            }
        }

        return any;
    }

    private static int RunOfOneStream(ReadOnlySpan<ResumedDma> resumed)
    {
        var run = 1;
        while (run < resumed.Length && resumed[run].Request.Stream == resumed[0].Request.Stream)
            run++;
        return run;
    }

    private void Forward(ReadOnlySpan<ResumedDma> resumed, int device, int unit, GroupTenure[] tenures, IActorRef checker)
    {
        var group = device / _devicesPerGroup;
        ref var tenure = ref tenures[group];
        var abandoned = Math.Min(tenure.Abandoned, resumed.Length);
        tenure.Abandoned -= abandoned;
        tenure.Held = Math.Max(0, tenure.Held - (resumed.Length - abandoned));
        var batch = new DmaBatch(ActorRefs.Nobody, device, group, unit, resumed.Length)
        {
            Count = resumed.Length,
            SentUnder = tenure.Epoch,
            CompletedUnder = tenure.Epoch,
            CompletedIn = tenure.State,
        };
        for (var i = 0; i < resumed.Length; i++)
            (batch.Requests[i], batch.Completions[i]) = (resumed[i].Request, resumed[i].Completion);
        checker.Tell(batch, ActorRefs.NoSender);
    }
}
