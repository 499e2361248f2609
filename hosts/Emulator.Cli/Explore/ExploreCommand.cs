using System.CommandLine;
using System.Diagnostics;
using Emulator.Simulations.Exploration;

namespace Emulator.Cli.Explore;

/// <summary><c>emulator explore</c>: the same actors on seeds, with faults; what fails is shrunk to a few events.</summary>
public sealed class ExploreCommand : ReportCommand
{
    private const int MaxSeeds = 100_000_000;
    private const int MaxWorkers = 256;

    private readonly Argument<string> _experiment = new("experiment.yaml") { Description = "An experiment file: a host, and what goes wrong with it" };
    private readonly Option<int?> _seeds = new("--seeds") { Description = "How many seeds are explored; 100 when none is given, 1 with --seed", HelpName = "N" };
    private readonly Option<ulong?> _seed = new("--seed") { Description = "The first seed; alone, the only one: shows what it did again", HelpName = "S" };
    private readonly Option<int?> _workers = new("--workers") { Description = "Threads; the processors when none is given. The result does not depend on it", HelpName = "W" };

    /// <summary>Makes the command.</summary>
    public ExploreCommand()
        : base("explore", "Runs a host's actors on many seeds, with faults on every layer, and shrinks what breaks isolation to its shortest story")
    {
        Arguments.Add(_experiment);
        Options.Add(_seeds);
        Options.Add(_seed);
        Options.Add(_workers);
    }

    /// <inheritdoc/>
    public override string Explanation =>
        """
        A run is a host whose groups are asked to change owners while their devices send DMA. One thread runs all its actors; a seed decides who is next,
        when a change is asked for, and which faults strike. The same seed does the same, everywhere: the hash of the event log proves it.
        A DMA that lands where it must not, a group that is called Blocked too early, an acknowledged change that did not take place: each breaks an
        invariant, unless a fault that nobody could stand explains it - a dropped invalidation explains a stale translation, a lost message explains nothing.
        The first failing seed of each invariant is shrunk and told as a timeline. docs/FAULTS.md lists the faults, docs/CLI.md the invariants;
        scenarios/explore/ has experiments, sound-arm-smmu-v3.yaml explains every field.

        Ctrl-C ends the exploration with the report so far.

        Examples:
          emulator explore scenarios/explore/sound-arm-smmu-v3.yaml --seeds 1000
          emulator explore scenarios/explore/legacy-exynos.yaml
          emulator explore scenarios/explore/legacy-exynos.yaml --seed 17
          emulator explore scenarios/explore/legacy-exynos.yaml --json | jq '.failures[0].timeline'

        Exit codes: 0 every invariant held, 1 one was broken, 2 the experiment is wrong.
        """;

    /// <inheritdoc/>
    protected override Task<int> ExecuteAsync(ParseResult parsed, Report report, CancellationToken cancellation)
    {
        ArgumentNullException.ThrowIfNull(parsed);
        ArgumentNullException.ThrowIfNull(report);
        var file = parsed.GetValue(_experiment)!;
        var seed = parsed.GetValue(_seed);
        var options = new ExplorationOptions
        {
            FirstSeed = seed ?? 1,
            Seeds = Within("--seeds", parsed.GetValue(_seeds) ?? (seed == null ? 100 : 1), MaxSeeds),
            Workers = Within("--workers", parsed.GetValue(_workers) ?? Environment.ProcessorCount, MaxWorkers),
        };
        var experiment = ExperimentReader.ReadFile(file);
        var clock = Stopwatch.StartNew();
        var result = report.WithProgress(experiment.Name, say => Explore(file, experiment, options, say, cancellation));
        if (report.Json)
            report.WriteDocument(ExploreDocument.Of(file, experiment, result));
        else
            ExploreTables.Print(report.Console, file, experiment, result, clock.Elapsed);
        return Task.FromResult(result.Failures.Count == 0 ? ExitCode.Held : ExitCode.CheckFailed);
    }

    private static ExplorationResult Explore(string file, Experiment experiment, ExplorationOptions options, Action<string> say, CancellationToken cancellation)
    {
        var sweep = new SeedSweep(experiment, options);
        using var progress = new Timer(_ => say($"{sweep.Done:N0} of {options.Seeds:N0} seeds"), null, TimeSpan.Zero, TimeSpan.FromMilliseconds(200));
        try
        {
            return sweep.Run(cancellation);
        }
        catch (Exception e) when (e is ArgumentException or InvalidOperationException)
        {
            throw new BadInputException($"{file}: {e.Message}", e);
        }
    }

    private static int Within(string option, int value, int most) =>
        value >= 1 && value <= most ? value : throw new BadInputException($"{option}: {value} is outside 1 to {most}");
}
