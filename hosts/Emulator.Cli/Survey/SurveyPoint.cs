using Emulator.Hardware.Dma;

namespace Emulator.Cli.Survey;

/// <summary>A place between two driver steps, and the probes that were sent there.</summary>
/// <param name="Phase">Where in the device's life.</param>
/// <param name="Number">Number of the driver step before it, from 1, counted in its phase; null where no step is meant.</param>
/// <param name="Step">That step in words; null where no step is meant.</param>
/// <param name="Observations">The probes: a read and a write to the warm page, a read and a write to pages never used before; none while attaching.</param>
public sealed record SurveyPoint(SurveyPhase Phase, int? Number, string? Step, IReadOnlyList<SurveyObservation> Observations)
{
    /// <summary>Probes of earlier points that the silicon had held and let go here.</summary>
    public IReadOnlyList<SurveyObservation> LetGo { get; init; } = [];

    /// <summary>The worse of the two probes of a direction.</summary>
    public SurveyObservation Worst(DmaAccess access) => Observations.Where(o => o.Dma.Access == access).MaxBy(o => (o.Outcome, o.Dma.Landing))!;
}
