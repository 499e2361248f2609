using Emulator.Hardware.Dma;

namespace Emulator.Cli.Survey;

/// <summary>The document of <c>survey --json</c>.</summary>
/// <param name="Schema">Always <see cref="SchemaName"/>.</param>
/// <param name="Rows">The observations.</param>
/// <param name="NotRun">The cases of the selection in which no DMA was sent, and why.</param>
public sealed record SurveyDocument(string Schema, IReadOnlyList<SurveyRow> Rows, IReadOnlyList<SurveyCaseNotRun> NotRun)
{
    /// <summary>Name and version of this shape.</summary>
    public const string SchemaName = "emulator.survey/1";

    /// <summary>Makes the document.</summary>
    public static SurveyDocument Of(IReadOnlyList<SurveyCase> cases)
    {
        ArgumentNullException.ThrowIfNull(cases);
        return new SurveyDocument(SchemaName, [.. cases.SelectMany(RowsOf)], [.. cases.Where(survey => !Probed(survey).Any()).Select(SurveyCaseNotRun.Of)]);
    }

    private static IEnumerable<SurveyPoint> Probed(SurveyCase survey) =>
        survey.Points.Where(point => point.Phase is not (SurveyPhase.Attaching or SurveyPhase.AttachingNext));

    private static IEnumerable<SurveyRow> RowsOf(SurveyCase survey)
    {
        foreach (var point in Probed(survey))
        {
            foreach (var access in (DmaAccess[])[DmaAccess.Read, DmaAccess.Write])
            {
                var worst = point.Worst(access);
                yield return new SurveyRow(
                    survey.Room.Name,
                    survey.Variant,
                    SurveyText.Of(survey.Kernel),
                    SurveyText.Of(survey.Strategy),
                    SurveyText.Of(survey.Room.Guess),
                    SurveyText.Of(point.Phase),
                    point.Step,
                    access == DmaAccess.Read ? "read" : "write",
                    SurveyText.Of(worst.Outcome),
                    worst.Dma.LandedAt is { } address ? $"0x{address:x}" : null,
                    worst.Dma.Fault is { } fault ? SurveyText.Of(fault) : null,
                    survey.Verdict.ToString());
            }
        }
    }
}
