using System.Globalization;
using Emulator.Actors.Faults;
using Emulator.Simulations.Exploration;

namespace Emulator.Cli.Explore;

/// <summary>The document of <c>explore --json</c>.</summary>
/// <param name="Schema">Always <see cref="SchemaName"/>.</param>
/// <param name="Experiment">The experiment's name.</param>
/// <param name="Seeds">Seeds explored.</param>
/// <param name="Failures">Seeds that broke an invariant.</param>
/// <param name="FaultsInjected">How often each fault struck, by its name.</param>
/// <param name="Interleavings">Runs that differ from each other.</param>
/// <param name="Changes">Changes of owner that ended with a new owner attached.</param>
/// <param name="Dmas">DMAs that silicon answered.</param>
/// <param name="Explained">DMAs that landed where they had no right to, because of a fault that nobody could stand.</param>
/// <param name="Hash">Of the event logs of all runs; the same seeds give the same.</param>
public sealed record ExploreDocument(
    string Schema,
    string Experiment,
    int Seeds,
    IReadOnlyList<ExploreFailure> Failures,
    IReadOnlyDictionary<string, long> FaultsInjected,
    long Interleavings,
    long Changes,
    long Dmas,
    long Explained,
    string Hash)
{
    /// <summary>Name and version of this shape.</summary>
    public const string SchemaName = "emulator.explore/1";

    /// <summary>Makes the document.</summary>
    /// <param name="file">The experiment's file.</param>
    /// <param name="experiment">The experiment.</param>
    /// <param name="result">What its seeds have shown.</param>
    public static ExploreDocument Of(string file, Experiment experiment, ExplorationResult result)
    {
        ArgumentNullException.ThrowIfNull(experiment);
        ArgumentNullException.ThrowIfNull(result);
        return new ExploreDocument(
            SchemaName,
            experiment.Name,
            result.Seeds,
            [.. result.Failures.Select(failure => ExploreFailure.Of(file, failure))],
            result.FaultsInjected.ToDictionary(fault => FaultCatalog.Of(fault.Key).Name, fault => fault.Value),
            result.Interleavings,
            result.Changes,
            result.Dmas,
            result.Explained,
            result.Hash.ToString("x16", CultureInfo.InvariantCulture));
    }
}
