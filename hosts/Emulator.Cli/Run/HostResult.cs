using Emulator.Actors.Hosts;
using Emulator.Actors.Timing;

namespace Emulator.Cli.Run;

/// <summary>What one host of a run did.</summary>
/// <param name="Specification">The host.</param>
/// <param name="Statistics">Its figures.</param>
/// <param name="Elapsed">From the start of the workload until its last answer: of virtual time where the host has one, else of the wall clock.</param>
/// <param name="ReassignmentsUnderLoad">Changes of owner that were completed before the last answer of the workload.</param>
/// <param name="Problems">Reassignments that failed, each with its reason; the first ones.</param>
public sealed record HostResult(HostSpecification Specification, HostStatistics Statistics, TimeSpan Elapsed, int ReassignmentsUnderLoad, IReadOnlyList<string> Problems)
{
    /// <summary>What it did in virtual time; null for a host that has none, or whose workload was not ended.</summary>
    public TimedReport? Timed { get; init; }

    /// <summary>DMAs per second, by <see cref="Elapsed"/>.</summary>
    public double DmaPerSecond => Elapsed > TimeSpan.Zero ? Statistics.Dmas / Elapsed.TotalSeconds : 0;

    /// <summary>Whether every check of this host held.</summary>
    public bool Held => Statistics is { Violations: 0, Unchecked: 0, ReassignmentsFailed: 0, ActorRestarts: 0, InterruptFailures: 0 } && Problems.Count == 0;
}
