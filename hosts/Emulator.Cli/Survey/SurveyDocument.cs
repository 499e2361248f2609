using Emulator.Hardware.Dma;

namespace Emulator.Cli.Survey;

/// <summary>The document of <c>survey --json</c>.</summary>
/// <param name="Schema">Always <see cref="SchemaName"/>.</param>
/// <param name="Rows">The observations.</param>
public sealed record SurveyDocument(string Schema, IReadOnlyList<SurveyRow> Rows)
{
    /// <summary>Name and version of this shape.</summary>
    public const string SchemaName = "emulator.survey/1";

    /// <summary>Makes the document.</summary>
    public static SurveyDocument Of(IEnumerable<SurveyCase> cases) => new(SchemaName, [.. cases.SelectMany(RowsOf)]);

    private static IEnumerable<SurveyRow> RowsOf(SurveyCase survey)
    {
        var empty = new SurveyRow(
            survey.Room.Name,
            survey.Variant,
            SurveyText.Of(survey.Kernel),
            SurveyText.Of(survey.Strategy),
            SurveyText.Of(survey.Room.Guess),
            null, null, null, null, null, null,
            survey.Verdict.ToString());
        var probed = survey.Points.Where(point => point.Phase is not (SurveyPhase.Attaching or SurveyPhase.AttachingNext)).ToList();
        if (probed.Count == 0)
            yield return empty;
        foreach (var point in probed)
        {
            foreach (var access in (DmaAccess[])[DmaAccess.Read, DmaAccess.Write])
            {
                var worst = point.Worst(access);
                yield return empty with
                {
                    Phase = SurveyText.Of(point.Phase),
                    Step = point.Step,
                    Direction = access == DmaAccess.Read ? "read" : "write",
                    Outcome = SurveyText.Of(worst.Outcome),
                    LandedAt = worst.Dma.LandedAt is { } address ? $"0x{address:x}" : null,
                    Fault = worst.Dma.Fault is { } fault ? SurveyText.Of(fault) : null,
                };
            }
        }
    }
}
