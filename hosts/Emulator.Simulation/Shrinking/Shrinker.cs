namespace Emulator.Simulations.Shrinking;

/// <summary>Makes a failing run small: first the workload, then the choices and the faults by delta debugging, then the choices' indices, again and again until nothing helps any more.</summary>
public static class Shrinker
{
    /// <summary>Shrinks a failing run.</summary>
    /// <typeparam name="TWorkload">What the caller makes a run from.</typeparam>
    /// <param name="workload">The workload of the failing run.</param>
    /// <param name="failing">The failing run.</param>
    /// <param name="fail">Makes a run; its record when it fails in the way that is looked for, null when it does not.</param>
    /// <param name="smaller">Workloads that are a little smaller than one, the boldest first; null when there are none.</param>
    /// <param name="options">Limits; null for the defaults.</param>
    public static Shrunk<TWorkload> Shrink<TWorkload>(
        TWorkload workload, RunRecord failing, Func<TWorkload, RunPlan, RunRecord?> fail, Func<TWorkload, IEnumerable<TWorkload>>? smaller = null, ShrinkOptions? options = null)
    {
        ArgumentNullException.ThrowIfNull(failing);
        ArgumentNullException.ThrowIfNull(fail);
        return new ShrinkSearch<TWorkload>(workload, failing, fail, smaller ?? (_ => []), options ?? new ShrinkOptions()).Run();
    }
}
