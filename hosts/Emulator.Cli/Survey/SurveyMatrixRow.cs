using Emulator.Hardware.Dma;
using Emulator.Hardware.Drivers;
using Emulator.Hardware.Iommus;

namespace Emulator.Cli.Survey;

/// <summary>Everything that was found out about one variant of one IOMMU, in a row.</summary>
/// <param name="Room">The IOMMU.</param>
/// <param name="Variant">The variant.</param>
/// <param name="Cells">The answers, one for each of <see cref="Headings"/>.</param>
public sealed record SurveyMatrixRow(IommuRoom Room, string Variant, IReadOnlyList<SurveyCell> Cells)
{
    /// <summary>What the cells are about.</summary>
    public static IReadOnlyList<string> Headings { get; } =
    [
        "guess 2022", "after detach (6.1)", "does the guess hold?", "recorded (6.1)", "leaks on the way (6.1)", "empty domain", "native blocking (6.12)", "after detach (6.12)", "leaks on the way (6.12)",
    ];

    /// <summary>Makes the rows of a survey.</summary>
    /// <param name="cases">The cases; those of one variant together.</param>
    public static IReadOnlyList<SurveyMatrixRow> Of(IEnumerable<SurveyCase> cases) =>
        [.. cases.GroupBy(survey => (survey.Room, survey.Variant)).Select(group => Of(group.Key.Room, group.Key.Variant, [.. group]))];

    /// <summary>How an outcome is to be seen.</summary>
    public static SurveyTone ToneOf(SurveyOutcome outcome) => outcome switch
    {
        SurveyOutcome.Blocked => SurveyTone.Good,
        SurveyOutcome.Translated => SurveyTone.Neutral,
        _ => SurveyTone.Bad,
    };

    /// <summary>What became of DMA once the device had left domain A.</summary>
    public static string Answer(SurveyCase survey)
    {
        ArgumentNullException.ThrowIfNull(survey);
        if (survey.At(SurveyPhase.AfterDetach) is not { } after)
            return survey.Verdict.Answer == SurveyAnswer.NotOffered ? "not offered" : survey.Verdict.ToString();
        return SurveyText.Pair(after.Worst(DmaAccess.Read), after.Worst(DmaAccess.Write), observation => observation switch
        {
            { Outcome: SurveyOutcome.Stale, Dma.Landing: SurveyLanding.FreedTable } => "translated through a freed table",
            { Outcome: SurveyOutcome.Stale, Cold: true } => "still translated",
            { Outcome: SurveyOutcome.Stale } when after.Observations.Any(o => o.Cold && o.Dma.Access == observation.Dma.Access && o.Outcome == SurveyOutcome.Stale) => "still translated",
            { Outcome: SurveyOutcome.Stale } => "stale (cached pages)",
            _ => SurveyText.Of(observation.Outcome),
        });
    }

    /// <summary>What the silicon recorded of the DMA sent then.</summary>
    public static string Recorded(SurveyCase? survey)
    {
        if (survey?.At(SurveyPhase.AfterDetach) is not { } after)
            return "-";
        return SurveyText.Pair(after.Worst(DmaAccess.Read), after.Worst(DmaAccess.Write), observation => observation.Dma.Fault is { } fault ? SurveyText.Of(fault) : "nothing");
    }

    private static SurveyMatrixRow Of(IommuRoom room, string variant, IReadOnlyList<SurveyCase> cases)
    {
        var detach61 = Find(KernelVersion.Linux61, SurveyStrategy.Detach);
        var detach612 = Find(KernelVersion.Linux612, SurveyStrategy.Detach);
        var empty = Find(KernelVersion.Linux61, SurveyStrategy.Empty) is { Points.Count: > 0 } found ? found : Find(KernelVersion.Linux612, SurveyStrategy.Empty);
        return new SurveyMatrixRow(
            room,
            variant,
            [
                new(SurveyTone.Neutral, SurveyText.Of(room.Guess), []),
                After(detach61),
                Holds(detach61),
                new(SurveyTone.Neutral, Recorded(detach61), AfterIt(detach61)),
                Leaks(detach61),
                After(empty),
                After(Find(KernelVersion.Linux612, SurveyStrategy.Native)),
                After(detach612),
                Leaks(detach612),
            ]);

        SurveyCase? Find(KernelVersion kernel, SurveyStrategy strategy) => cases.FirstOrDefault(survey => survey.Kernel == kernel && survey.Strategy == strategy);
    }

    private static IReadOnlyList<SurveyPoint> AfterIt(SurveyCase? survey) => survey?.At(SurveyPhase.AfterDetach) is { } after ? [after] : [];

    private static SurveyCell After(SurveyCase? survey)
    {
        if (survey == null)
            return new SurveyCell(SurveyTone.Neutral, "-", []);
        var tone = survey.At(SurveyPhase.AfterDetach) is { } after ? ToneOf(after.Observations.Max(observation => observation.Outcome)) : SurveyTone.Neutral;
        return new SurveyCell(tone, Answer(survey), [.. survey.Points, .. survey.Further]);
    }

    private static SurveyCell Holds(SurveyCase? survey)
    {
        var tone = survey?.Verdict.Answer switch
        {
            SurveyAnswer.Holds => SurveyTone.Good,
            SurveyAnswer.Wrong or SurveyAnswer.Failed => SurveyTone.Bad,
            _ => SurveyTone.Neutral,
        };
        return new SurveyCell(tone, survey == null ? "-" : survey.Verdict.Answer == SurveyAnswer.NotOffered ? survey.Verdict.Why : survey.Verdict.ToString(), AfterIt(survey));
    }

    private static SurveyCell Leaks(SurveyCase? survey)
    {
        if (survey?.Points.Count is null or 0)
            return new SurveyCell(SurveyTone.Neutral, "-", []);
        return survey.Leaks.Count == 0
            ? new SurveyCell(SurveyTone.Good, "none", [])
            : new SurveyCell(SurveyTone.Bad, [.. survey.Leaks.Select(SurveyText.Of)], [.. survey.Points.Concat(survey.Further).Where(point => point.Observations.Any(o => o.Outcome > SurveyOutcome.Translated))]);
    }
}
