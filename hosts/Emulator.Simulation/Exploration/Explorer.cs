using Emulator.Actors.Faults;
using Emulator.Simulations.Faults;
using Emulator.Simulations.Shrinking;

namespace Emulator.Simulations.Exploration;

/// <summary>Makes runs of an experiment on the thread that made it, and shrinks those that fail.</summary>
public sealed class Explorer : IDisposable
{
    private const ulong ActionStream = 16;
    private const long Endless = 1L << 40;
    private const int MostViolations = 1 << 16;

    private readonly Experiment _experiment;
    private readonly Simulation _simulation;
    private readonly Dictionary<int, HostBlueprint> _blueprints = [];
    private readonly FaultRate[] _struckOnMessages;
    private readonly FaultRate[] _struckOnSteps;
    private readonly bool _strikesMessages;

    /// <summary>Checks an experiment and makes the simulation that its runs share.</summary>
    /// <exception cref="ArgumentException">The host is outside its limits, or can't be built.</exception>
    public Explorer(Experiment experiment)
    {
        ArgumentNullException.ThrowIfNull(experiment);
        _experiment = experiment;
        _struckOnMessages = [.. experiment.Faults.Where(fault => StrikesSingleMessages(fault.Kind))];
        _struckOnSteps = [.. experiment.Faults.Where(fault => !StrikesSingleMessages(fault.Kind))];
        _strikesMessages = experiment.Faults.Any(fault => FaultCatalog.Of(fault.Kind).Layer == FaultLayer.Actors);
        Blueprint(experiment.Host.Devices);
        _simulation = Simulation.Create();
    }


    /// <summary>Makes the run of a seed.</summary>
    /// <param name="seed">The seed.</param>
    /// <param name="withTimeline">Whether <see cref="ExploredRun.Timeline"/> is kept.</param>
    public ExploredRun Run(ulong seed, bool withTimeline = false) => Run(new ExploredWorkload(_experiment.Host.Devices), new RunPlan { Seed = seed, EarlyTimers = _experiment.EarlyTimers }, withTimeline);

    /// <summary>Makes a run.</summary>
    /// <param name="workload">What is done to the host.</param>
    /// <param name="plan">What decides the rest: a seed, or recorded choices and faults.</param>
    /// <param name="withTimeline">Whether <see cref="ExploredRun.Timeline"/> is kept.</param>
    public ExploredRun Run(ExploredWorkload workload, RunPlan plan, bool withTimeline = false)
    {
        ArgumentNullException.ThrowIfNull(workload);
        ArgumentNullException.ThrowIfNull(plan);
        var messages = new StruckMessages(_simulation, plan.Faults ?? Seeded(plan.Seed));
        _simulation.Begin(plan with { Faults = _strikesMessages || plan.Faults != null ? messages : null });
        using var run = new RunningExperiment(_experiment, _simulation, Blueprint(workload.Devices), messages, withTimeline);
        var broken = run.Go(workload.Actions, SplitMix64.Stream(plan.Seed, ActionStream), _struckOnSteps);
        var record = _simulation.End();
        return run.Result(plan.Seed, record with { Plan = plan }, broken);
    }

    /// <summary>Shrinks a failing run: fewer devices, fewer actions, fewer faults, fewer choices.</summary>
    /// <param name="failing">The run.</param>
    /// <param name="options">Limits; null for the defaults.</param>
    /// <returns>The smallest run that breaks the same invariant, with its timeline.</returns>
    public ExploredRun Shrink(ExploredRun failing, ShrinkOptions? options = null)
    {
        ArgumentNullException.ThrowIfNull(failing);
        var invariant = failing.Broken?.Invariant ?? throw new ArgumentException($"the run of seed {failing.Seed} broke no invariant", nameof(failing));
        var shrunk = Shrinker.Shrink(
            new ExploredWorkload(_experiment.Host.Devices, failing.Actions),
            failing.Record,
            (workload, plan) => Run(workload, plan) is { Broken: { } broken, Record: var record } && broken.Invariant == invariant ? record : null,
            Smaller,
            options);
        return Run(shrunk.Workload, shrunk.Record.Replay(), withTimeline: true);
    }

    /// <inheritdoc/>
    public void Dispose() => _simulation.Dispose();

    /// <summary>Whether a fault strikes single messages, by chance.</summary>
    public static bool StrikesSingleMessages(FaultKind kind) => kind is FaultKind.MessageLost or FaultKind.MessageDuplicated or FaultKind.MessageReordered or FaultKind.MessageLate;

    private IEnumerable<ExploredWorkload> Smaller(ExploredWorkload workload)
    {
        var actions = workload.Actions!;
        var group = _experiment.Host.GroupSize;
        if (workload.Devices > group)
            yield return workload with { Devices = group };
        if (workload.Devices > 2 * group)
            yield return workload with { Devices = 2 * group };
        for (var part = actions.Count / 2; part >= 1; part /= 2)
        {
            for (var start = 0; start < actions.Count; start += part)
                yield return workload with { Actions = [.. actions.Take(start), .. actions.Skip(start + part)] };
        }
    }

    private SeededFaults Seeded(ulong seed)
    {
        double Rate(FaultKind kind) => _struckOnMessages.Where(fault => fault.Kind == kind).Sum(fault => fault.Rate);
        return new SeededFaults
        {
            Seed = seed,
            Drop = Rate(FaultKind.MessageLost),
            Duplicate = Rate(FaultKind.MessageDuplicated),
            Delay = Rate(FaultKind.MessageReordered),
            DelayInOrder = Rate(FaultKind.MessageLate),
            LongestDelay = _struckOnMessages.Length == 0 ? default : _struckOnMessages.Max(fault => fault.Longest),
        };
    }

    private HostBlueprint Blueprint(int devices)
    {
        if (!_blueprints.TryGetValue(devices, out var blueprint))
        {
            blueprint = new HostBlueprint(_experiment.Host with
            {
                Devices = devices,
                DevicesPerGroup = Math.Min(_experiment.Host.GroupSize, devices),
                Workload = _experiment.Host.Workload with { TotalDmas = Endless },
                ViolationsKept = MostViolations,
            });
            _blueprints.Add(devices, blueprint);
        }

        return blueprint;
    }
}
