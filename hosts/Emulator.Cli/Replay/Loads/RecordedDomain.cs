using Emulator.Hardware.Drivers;

namespace Emulator.Cli.Replay.Loads;

/// <summary>A domain of the traced kernel.</summary>
/// <param name="index">Its number.</param>
/// <param name="type">Its type.</param>
internal sealed class RecordedDomain(int index, DomainType type)
{
    private const int FullRing = 240;

    private readonly Dictionary<int, int> _queued = [];

    /// <summary>Its number.</summary>
    public int Index { get; } = index;

    /// <summary>Whether the DMA API uses it.</summary>
    public bool IsDma { get; } = type is DomainType.Dma or DomainType.DmaFlushQueue;

    /// <summary>Whether its unmaps were queued from the beginning.</summary>
    public bool BeganLazy { get; } = type == DomainType.DmaFlushQueue;

    /// <summary>Whether its unmaps are queued.</summary>
    public bool IsLazy { get; private set; } = type == DomainType.DmaFlushQueue;

    /// <summary>Strict unmaps whose invalidation no line told.</summary>
    public long Unsynced { get; private set; }

    /// <summary>Those of them since the last one that was told, and the line of the first.</summary>
    private (long Count, int First) Run { get; set; }

    /// <summary>Notes a strict unmap.</summary>
    /// <param name="line">Its line.</param>
    /// <param name="synced">Whether its invalidation was told.</param>
    public void StrictlyUnmapped(int line, bool synced)
    {
        Unsynced += synced ? 0 : 1;
        Run = synced ? default : (Run.Count + 1, Run.Count == 0 ? line : Run.First);
    }

    /// <summary>A flush of its queue shows that it is lazy: the unmaps without an invalidation were queued.</summary>
    /// <returns>The line before the first of them; 0 when there is none.</returns>
    public int BecomeLazy()
    {
        Unsynced -= Run.Count;
        IsLazy = true;
        return Math.Max(0, Run.First - 1);
    }

    /// <summary>What is mapped, by first address.</summary>
    public Dictionary<ulong, RecordedDmaCall> Live { get; } = [];

    /// <summary>The line at which an address was last unmapped.</summary>
    public Dictionary<ulong, int> LastUnmapped { get; } = [];

    /// <summary>The last flush that has finished, and the one before it.</summary>
    public (int Begun, int Finished) LastFlush { get; set; }

    /// <summary>The flush before <see cref="LastFlush"/>.</summary>
    public (int Begun, int Finished) FlushBefore { get; set; }

    /// <summary>Notes an unmap.</summary>
    public void Unmapped(ulong iova, int line, int cpu)
    {
        LastUnmapped[iova] = line;
        _queued[cpu] = _queued.GetValueOrDefault(cpu) + 1;
    }

    /// <summary>Whether a CPU has unmapped so much since the last flush that its ring is full: 256, or a few less, since what is queued while a flush goes on
    /// stays.</summary>
    public bool IsFull(int cpu) => _queued.GetValueOrDefault(cpu) >= FullRing;

    /// <summary>Notes a flush.</summary>
    public void Flushed(int begun, int finished)
    {
        (FlushBefore, LastFlush) = (LastFlush, (begun, finished));
        _queued.Clear();
    }

    /// <summary>Whether an address waits for a flush that the trace has not told of.</summary>
    public bool IsQueued(ulong iova) => IsLazy && LastUnmapped.TryGetValue(iova, out var unmapped) && unmapped > LastFlush.Begun;

    /// <summary>Whether an address was still in use at a line: mapped, or waiting for a flush.</summary>
    public bool WasBusy(ulong iova, int line)
    {
        if (!LastUnmapped.TryGetValue(iova, out var unmapped))
            return false;
        var flush = LastFlush.Finished <= line ? LastFlush : FlushBefore;
        return unmapped > line || (IsLazy && unmapped > flush.Begun);
    }
}
