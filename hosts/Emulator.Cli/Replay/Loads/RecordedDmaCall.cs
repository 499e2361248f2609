using Emulator.Hardware.DmaApi;

namespace Emulator.Cli.Replay.Loads;

/// <summary>One call of the DMA API in a trace.</summary>
public sealed class RecordedDmaCall
{
    /// <summary>What it does.</summary>
    public required RecordedCallKind Kind { get; init; }

    /// <summary>The domain, an index from 0 in the order in which the trace names them.</summary>
    public required int Domain { get; init; }

    /// <summary>The device; null where the trace does not tell.</summary>
    public string? Device { get; init; }

    /// <summary>The CPU.</summary>
    public required int Cpu { get; init; }

    /// <summary>When it took effect, in picoseconds of the trace's clock: for a mapping, when the address was given; for an unmapping, when it was free again (in lazy
    /// mode: queued).</summary>
    public long TimePs { get; set; }

    /// <summary>The place in the order of all calls: lines of the trace.</summary>
    public int Line { get; set; }

    /// <summary>Which way data goes.</summary>
    public DmaDirection Direction { get; init; }

    /// <summary>The recorded address: the first of the range, a multiple of the page size.</summary>
    public ulong Iova { get; set; }

    /// <summary>Bytes that were asked for, for <see cref="RecordedCallKind.MapPage"/> and <see cref="RecordedCallKind.AllocateCoherent"/>; else the bytes of the
    /// range.</summary>
    public ulong Size { get; set; }

    /// <summary>Where in its first page the memory begins.</summary>
    public ulong Offset { get; init; }

    /// <summary>Segments of the scatter list, as the caller had them; 0 for other calls.</summary>
    public int Segments { get; init; }

    /// <summary>The memory, one part for each range that was mapped: neighbours in a scatter list that are contiguous are one part here.</summary>
    public List<ScatterSegment> Memory { get; } = [];

    /// <summary>Whether no kprobe told of the call: it was found by its tracepoint.</summary>
    public bool Recovered { get; init; }

    /// <summary>For <see cref="RecordedCallKind.FinishFlush"/>: the CPUs, bit by bit, that took their ring's addresses back themselves, because they unmapped just when
    /// the flush was done.</summary>
    public ulong ReclaimedByOwner { get; set; }
}
