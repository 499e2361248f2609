using Emulator.Cli.Replay.Checks;

namespace Emulator.Cli.Replay;

/// <summary>What a replay found.</summary>
public sealed record ReplayResult
{
    /// <summary>The IOMMU, as the catalogue names it.</summary>
    public required string Iommu { get; init; }

    /// <summary>Events of the trace by name.</summary>
    public required IReadOnlyDictionary<string, long> Events { get; init; }

    /// <summary>The requests of the DMA log; all zero without one.</summary>
    public required DmaCounts Counts { get; init; }

    /// <summary>What the trace did not tell and the replay assumed, and what else a reader must know; one line each.</summary>
    public required IReadOnlyList<string> Assumptions { get; init; }

    /// <summary>Driver calls that ended otherwise than in the trace.</summary>
    public required ProblemList DriverProblems { get; init; }

    /// <summary>Requests that contradict the log.</summary>
    public required ProblemList DmaProblems { get; init; }

    /// <summary>Whether it was ended early.</summary>
    public bool Cancelled { get; init; }

    /// <summary>Whether everything that was checked held.</summary>
    public bool Held => Counts.Held && DriverProblems.Count == 0;
}
