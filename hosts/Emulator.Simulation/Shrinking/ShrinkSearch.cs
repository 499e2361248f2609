using Emulator.Simulations.Faults;

namespace Emulator.Simulations.Shrinking;

/// <summary>One run that is being shrunk.</summary>
internal sealed class ShrinkSearch<TWorkload>(
    TWorkload workload, RunRecord failing, Func<TWorkload, RunPlan, RunRecord?> fail, Func<TWorkload, IEnumerable<TWorkload>> smaller, ShrinkOptions options)
{
    private TWorkload _workload = workload;
    private RunRecord _failing = failing;
    private int _runs;

    private (int Choices, int Faults, long Indices) Size => (_failing.Choices.Count, _failing.Faults.Count, _failing.Choices.Values.Sum(index => (long)Math.Abs(index)));

    public Shrunk<TWorkload> Run()
    {
        (int, int, long) before;
        bool smallerWorkload;
        do
        {
            before = Size;
            smallerWorkload = ShrinkWorkload();
            DeltaDebugging.Minimise([.. _failing.Choices.OrderBy(choice => choice.Key)], choices => Try(WithChoices(choices)));
            DeltaDebugging.Minimise(_failing.Faults, faults => Try(_failing.Replay() with { Faults = new RecordedFaults(faults) }));
            LowerIndices();
        }
        while ((smallerWorkload || Size != before) && _runs < options.Runs);
        return new Shrunk<TWorkload>(_workload, _failing, _runs);
    }

    private bool ShrinkWorkload()
    {
        var any = false;
        while (smaller(_workload).Any(TryWorkload))
            any = true;
        return any;
    }

    private bool TryWorkload(TWorkload candidate)
    {
        var seeded = _failing.Plan with { Choices = null };
        var plans = Enumerable.Range(0, options.SeedsPerWorkload).Select(number => seeded with { Seed = seeded.Seed + (ulong)number }).Prepend(_failing.Replay());
        return plans.Any(plan => Try(plan, candidate));
    }

    private void LowerIndices()
    {
        foreach (var (step, index) in _failing.Choices.OrderBy(choice => choice.Key).ToArray())
        {
            for (var lower = 1; lower < index; lower++)
            {
                if (Try(_failing.Replay() with { Choices = new Dictionary<long, int>(_failing.Choices) { [step] = lower } }))
                    break;
            }
        }
    }

    private RunPlan WithChoices(IEnumerable<KeyValuePair<long, int>> choices) => _failing.Replay() with { Choices = new Dictionary<long, int>(choices) };

    private bool Try(RunPlan plan) => Try(plan, _workload);

    private bool Try(RunPlan plan, TWorkload candidate)
    {
        if (_runs == options.Runs)
            return false;
        _runs++;
        if (fail(candidate, plan) is not { } record)
            return false;
        (_workload, _failing) = (candidate, record);
        return true;
    }
}
