using Emulator.Cli.Replay.Traces;

namespace Emulator.Cli.Replay.Loads;

/// <summary>The DMA API's calls of a trace, in the order in which they took effect: a load that can be played on an emulated host (<see cref="RecordedLoad"/>).</summary>
public sealed class RecordedDmaCalls
{
    /// <summary>The calls.</summary>
    public required IReadOnlyList<RecordedDmaCall> Calls { get; init; }

    /// <summary>What the traced kernel did.</summary>
    public required RecordedCounts Recorded { get; init; }

    /// <summary>Domains of the DMA API.</summary>
    public required int Domains { get; init; }

    /// <summary>CPUs: the highest number seen, and one.</summary>
    public required int Cpus { get; init; }

    /// <summary>The IOMMU that the trace names; null when it does not.</summary>
    public string? Iommu { get; init; }

    /// <summary>For each domain, whether its unmaps were queued from the beginning.</summary>
    public required IReadOnlyList<bool> LazyDomains { get; init; }

    /// <summary>Unmaps that no kprobe told, found by their tracepoint.</summary>
    public long RecoveredUnmaps { get; init; }

    /// <summary>Flushes that no kprobe told, found by their descriptor.</summary>
    public long RecoveredFlushes { get; init; }

    /// <summary>Unmaps without a kprobe whose address was mapped in several domains: the one mapped last is taken.</summary>
    public long GuessedDomains { get; init; }

    /// <summary>Unmaps of what the trace did not see mapped; they are left out.</summary>
    public long UnmatchedUnmaps { get; init; }

    /// <summary>Mappings that an interrupt fell into and whose address shows that it was given after the interrupt, not before.</summary>
    public long MapsAfterInterrupt { get; init; }

    /// <summary>Flushes at whose end another CPU unmapped, and later uses of the addresses show that it took its own back.</summary>
    public long ReclaimsByOwner { get; init; }

    /// <summary>Reads a trace.</summary>
    /// <exception cref="InvalidDataException">It is no trace, or holds no call of the DMA API.</exception>
    public static RecordedDmaCalls Read(string path, CancellationToken cancellation = default)
    {
        using var trace = new TraceReader(path);
        var reader = new DmaCallReader();
        while (!cancellation.IsCancellationRequested && trace.TryRead(out var e))
            reader.Add(e, trace.Line);
        var calls = reader.Finish();
        return calls.Calls.Count > 0 || cancellation.IsCancellationRequested
            ? calls
            : throw new InvalidDataException($"{path}:{trace.Line}: the trace ends without a call of the DMA API (kprobes dma_map_page, dma_map_sg, dma_alloc)");
    }
}
