using Emulator.Hardware.Dma;

namespace Emulator.Cli.Replay.DmaLogs;

/// <summary>One line of a DMA log.</summary>
public readonly record struct DmaLogEntry
{
    /// <summary>The domain or stream of an invalidation that means all of them.</summary>
    public const ulong All = ulong.MaxValue;

    /// <summary>What it says.</summary>
    public DmaLogEntryKind Kind { get; init; }

    /// <summary>When, in microseconds of the log's clock.</summary>
    public long Time { get; init; }

    /// <summary>Who sent the request.</summary>
    public StreamId Stream { get; init; }

    /// <summary>The request's address; the first address of an invalidated range.</summary>
    public ulong Iova { get; init; }

    /// <summary>Where the request landed; compared above <see cref="OffsetMask"/>.</summary>
    public ulong Landed { get; init; }

    /// <summary>The bits of <see cref="Iova"/> and <see cref="Landed"/> that the log does not tell.</summary>
    public ulong OffsetMask { get; init; }

    /// <summary>The direction; null where the log does not tell.</summary>
    public DmaAccess? Access { get; init; }

    /// <summary>Bytes of an invalidated range.</summary>
    public ulong Size { get; init; }

    /// <summary>The domain or stream that an invalidation names, or <see cref="All"/>.</summary>
    public ulong Target { get; init; }
}
