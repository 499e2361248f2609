using Emulator.Hardware.Drivers;

namespace Emulator.Cli.Replay.Loads;

/// <summary>A domain of the traced kernel.</summary>
/// <param name="index">Its number.</param>
/// <param name="type">Its type.</param>
internal sealed class RecordedDomain(int index, DomainType type)
{
    /// <summary>Its number.</summary>
    public int Index { get; } = index;

    /// <summary>Whether the DMA API uses it.</summary>
    public bool IsDma { get; } = type is DomainType.Dma or DomainType.DmaFlushQueue;

    /// <summary>Whether its unmaps are queued.</summary>
    public bool IsLazy { get; } = type == DomainType.DmaFlushQueue;

    /// <summary>What is mapped, by first address.</summary>
    public Dictionary<ulong, RecordedDmaCall> Live { get; } = [];

    /// <summary>The line at which an address was last unmapped.</summary>
    public Dictionary<ulong, int> LastUnmapped { get; } = [];

    /// <summary>The last flush that has finished, and the one before it.</summary>
    public (int Begun, int Finished) LastFlush { get; set; }

    /// <summary>The flush before <see cref="LastFlush"/>.</summary>
    public (int Begun, int Finished) FlushBefore { get; set; }

    /// <summary>Notes a flush.</summary>
    public void Flushed(int begun, int finished) => (FlushBefore, LastFlush) = (LastFlush, (begun, finished));

    /// <summary>Whether an address waits for a flush that the trace has not told of.</summary>
    public bool IsQueued(ulong iova) => IsLazy && LastUnmapped.TryGetValue(iova, out var unmapped) && unmapped > LastFlush.Begun;

    /// <summary>Whether an address was still in use at a line: mapped, or waiting for a flush.</summary>
    public bool WasBusy(ulong iova, int line)
    {
        if (!LastUnmapped.TryGetValue(iova, out var unmapped))
            return false;
        var flush = LastFlush.Finished < line ? LastFlush : FlushBefore;
        return unmapped > line || (IsLazy && unmapped > flush.Begun);
    }
}
