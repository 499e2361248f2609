using Emulator.Simulations.Exploration;

namespace Emulator.Cli.Explore;

/// <summary>A failing seed in the document of <c>explore --json</c>.</summary>
/// <param name="Seed">The seed.</param>
/// <param name="Invariant">What it broke.</param>
/// <param name="Detail">What happened.</param>
/// <param name="Steps">Events of its timeline.</param>
/// <param name="ShrunkTo">Events of the shrunk timeline; null when this seed was not shrunk.</param>
/// <param name="Replay">The command that shows it again.</param>
/// <param name="Timeline">The shrunk timeline, one event a line; empty when this seed was not shrunk.</param>
public sealed record ExploreFailure(ulong Seed, string Invariant, string Detail, int Steps, int? ShrunkTo, string Replay, IReadOnlyList<string> Timeline)
{
    /// <summary>Makes the entry.</summary>
    public static ExploreFailure Of(string file, SeedFailure failure)
    {
        ArgumentNullException.ThrowIfNull(failure);
        return new ExploreFailure(
            failure.Seed,
            failure.Broken.Invariant,
            failure.Broken.Detail,
            failure.Events,
            failure.Shrunk?.Timeline.Count,
            ReplayOf(file, failure.Seed),
            [.. (failure.Shrunk?.Timeline ?? []).Select((one, index) => $"{index + 1}. {one.Text}")]);
    }

    /// <summary>The command that shows a seed again.</summary>
    public static string ReplayOf(string file, ulong seed) => $"emulator explore {file} --seed {seed}";
}
