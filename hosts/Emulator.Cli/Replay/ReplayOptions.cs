using Emulator.Cli.Replay.Alignment;

namespace Emulator.Cli.Replay;

/// <summary>What is replayed and how.</summary>
public sealed record ReplayOptions
{
    /// <summary>The trace, plain or gzip.</summary>
    public required string Trace { get; init; }

    /// <summary>The DMA log recorded beside it; null for none.</summary>
    public string? DmaLog { get; init; }

    /// <summary>The IOMMU, as the catalogue names it; null to tell it by the log or the trace.</summary>
    public string? Iommu { get; init; }

    /// <summary>How the two clocks are aligned.</summary>
    public AlignmentOptions Alignment { get; init; } = new();
}
