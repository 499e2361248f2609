using Emulator.Hardware.Dma;

namespace Emulator.Cli.Survey;

/// <summary>The document of <c>survey --json</c>.</summary>
/// <param name="Schema">Always <see cref="SchemaName"/>.</param>
/// <param name="Rows">The observations of each device's way from domain A to domain B.</param>
/// <param name="Further">The observations of its other lives: <c>after-resume</c>, <c>after-free</c>, <c>after-reattach</c>, <c>unmapped</c>.</param>
/// <param name="Leaks">The runs of steps after which DMA got through although it must not.</param>
/// <param name="NotRun">The cases of the selection in which no DMA was sent, and why.</param>
public sealed record SurveyDocument(
    string Schema, IReadOnlyList<SurveyRow> Rows, IReadOnlyList<SurveyRow> Further, IReadOnlyList<SurveyLeakRow> Leaks, IReadOnlyList<SurveyCaseNotRun> NotRun)
{
    /// <summary>Name and version of this shape.</summary>
    public const string SchemaName = "emulator.survey/1";

    /// <summary>Makes the document.</summary>
    public static SurveyDocument Of(IReadOnlyList<SurveyCase> cases)
    {
        ArgumentNullException.ThrowIfNull(cases);
        return new SurveyDocument(
            SchemaName,
            [.. cases.SelectMany(survey => RowsOf(survey, Probed(survey)))],
            [.. cases.SelectMany(survey => RowsOf(survey, survey.Further.Where(point => point.Observations.Count > 0)))],
            [.. cases.SelectMany(survey => survey.Leaks.Select(leak => SurveyLeakRow.Of(survey, leak)))],
            [.. cases.Where(survey => !Probed(survey).Any()).Select(SurveyCaseNotRun.Of)]);
    }

    private static IEnumerable<SurveyPoint> Probed(SurveyCase survey) =>
        survey.Points.Where(point => point.Phase is not (SurveyPhase.Attaching or SurveyPhase.AttachingNext));

    private static IEnumerable<SurveyRow> RowsOf(SurveyCase survey, IEnumerable<SurveyPoint> points) =>
        from point in points
        from access in (DmaAccess[])[DmaAccess.Read, DmaAccess.Write]
        let worst = point.Worst(access)
        select new SurveyRow(
            survey.Room.Name,
            survey.Variant,
            SurveyText.Of(survey.Kernel),
            SurveyText.Of(survey.Strategy),
            SurveyText.Of(survey.Room.Guess),
            SurveyText.Of(point.Phase),
            point.Step,
            SurveyText.Of(access),
            SurveyText.Of(worst.Outcome),
            worst.Outcome != SurveyOutcome.Blocked && worst.Dma.LandedAt is { } address ? $"0x{address:x}" : null,
            worst.Dma.Fault is { } fault ? SurveyText.Of(fault) : null,
            survey.Verdict.ToString());
}
