namespace Emulator.Simulations.Shrinking;

/// <summary>How much work goes into shrinking a run.</summary>
public sealed record ShrinkOptions
{
    /// <summary>Runs at most.</summary>
    public int Runs { get; init; } = 5_000;

    /// <summary>Seeds that are tried on a smaller workload when the choices at hand no longer fail there.</summary>
    public int SeedsPerWorkload { get; init; } = 20;
}
