using System.Runtime.ExceptionServices;

namespace Emulator.Simulations.Exploration;

/// <summary>Explores the seeds of an experiment on several threads, and shrinks what fails.</summary>
/// <param name="experiment">The experiment.</param>
/// <param name="options">Which seeds, and how.</param>
public sealed class SeedSweep(Experiment experiment, ExplorationOptions options)
{
    private int _taken;
    private int _done;
    private ExceptionDispatchInfo? _error;

    /// <summary>Seeds explored so far; may be read while it goes on.</summary>
    public int Done => Volatile.Read(ref _done);

    /// <summary>Explores.</summary>
    /// <param name="cancellation">Ends it early, with the result so far.</param>
    /// <exception cref="ArgumentException">The host is outside its limits, or can't be built.</exception>
    /// <exception cref="InvalidOperationException">The host can't be brought up.</exception>
    public ExplorationResult Run(CancellationToken cancellation = default)
    {
        (_taken, _done, _error) = (0, 0, null);
        var runs = new ExploredRun?[options.Seeds];
        var workers = Enumerable.Range(0, Math.Min(options.Workers, options.Seeds)).Select(_ => new Thread(() => Work(runs, cancellation)) { IsBackground = true }).ToArray();
        foreach (var worker in workers)
            worker.Start();
        foreach (var worker in workers)
            worker.Join();
        _error?.Throw();
        return Result([.. runs.OfType<ExploredRun>()], cancellation);
    }

    // What of a run is kept is small: its record's log is empty, its choices and faults are those of a failing run only.
    private void Work(ExploredRun?[] runs, CancellationToken cancellation)
    {
        try
        {
            using var explorer = new Explorer(experiment);
            for (var index = Take(); index < runs.Length && _error == null && !cancellation.IsCancellationRequested; index = Take())
            {
                var run = explorer.Run(options.FirstSeed + (ulong)index);
                runs[index] = run.Broken == null ? run with { Actions = [], Record = run.Record with { Choices = new Dictionary<long, int>(), Faults = [] } } : run;
                Interlocked.Increment(ref _done);
            }
        }
        catch (Exception error)
        {
            _error ??= ExceptionDispatchInfo.Capture(error);
        }
    }

    private int Take() => Interlocked.Increment(ref _taken) - 1;

    private ExplorationResult Result(IReadOnlyList<ExploredRun> runs, CancellationToken cancellation)
    {
        var hash = 0UL;
        foreach (var run in runs)
            hash = SplitMix64.Mix(hash ^ run.Record.Hash);
        var struck = runs.SelectMany(run => run.Faults).GroupBy(fault => fault.Key).OrderBy(fault => fault.Key).ToDictionary(fault => fault.Key, fault => fault.Sum(one => (long)one.Value));
        return new ExplorationResult
        {
            Seeds = runs.Count,
            Failures = Failures([.. runs.Where(run => run.Broken != null)], cancellation),
            FaultsInjected = struck,
            Interleavings = runs.Select(run => run.Record.Hash).Distinct().LongCount(),
            Steps = runs.Sum(run => run.Steps),
            Changes = runs.Sum(run => run.Changes),
            Dmas = runs.Sum(run => run.Dmas),
            Explained = runs.Sum(run => run.Explained),
            Hash = hash,
        };
    }

    private IReadOnlyList<SeedFailure> Failures(IReadOnlyList<ExploredRun> failing, CancellationToken cancellation)
    {
        if (failing.Count == 0)
            return [];
        var chosen = failing.DistinctBy(run => run.Broken!.Invariant).Take(options.Shrunk).Select(run => run.Seed).ToHashSet();
        using var explorer = new Explorer(experiment);
        return [.. failing.Select(run => new SeedFailure(
            run.Seed,
            run.Broken!,
            explorer.Run(run.Seed, withTimeline: true).Timeline.Count,
            chosen.Contains(run.Seed) && !cancellation.IsCancellationRequested ? explorer.Shrink(run, options.Shrinking) : null))];
    }
}
