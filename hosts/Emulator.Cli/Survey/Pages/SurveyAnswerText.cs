using Emulator.Hardware.Drivers;

namespace Emulator.Cli.Survey.Pages;

/// <summary>The answer to the mail in one paragraph, counted from the cases.</summary>
internal static class SurveyAnswerText
{
    /// <summary>Writes the paragraph. The first variant of each IOMMU that the kernel has a driver for speaks for it.</summary>
    public static string Of(IReadOnlyList<SurveyCase> cases)
    {
        var detach = Speaking(cases, KernelVersion.Linux61, SurveyStrategy.Detach);
        var empty = Speaking(cases, KernelVersion.Linux61, SurveyStrategy.Empty);
        var native = Speaking(cases, KernelVersion.Linux612, SurveyStrategy.Native);
        var blocked = Where(detach, SurveyOutcome.Blocked);
        var emptyLeaks = empty.Where(survey => Worst(survey) != SurveyOutcome.Blocked).ToList();
        return $"Is detaching the same as blocking? Of {detach.Count} IOMMUs that Linux 6.1 drives, the driver's detach blocks DMA on {List(blocked)}. "
            + $"It lets DMA pass untranslated on {List(Where(detach, SurveyOutcome.Identity))}, and leaves it translated by the old tables on {List(Where(detach, SurveyOutcome.Stale))}. "
            + $"An unmanaged domain without a mapping blocks on {empty.Count - emptyLeaks.Count} of {empty.Count}"
            + (emptyLeaks.Count > 0 ? $"; it does not on {List(emptyLeaks)}. " : ". ")
            + $"Linux 6.12 has a blocking domain of the driver's own on {List(native)}; DMA was blocked by it on {Where(native, SurveyOutcome.Blocked).Count} of these. "
            + $"Of the mail's guesses {Count(detach, SurveyAnswer.Holds)} hold, {List(detach.Where(survey => survey.Verdict.Answer == SurveyAnswer.Wrong).ToList())} are wrong, and {Count(detach, SurveyAnswer.Undecided)} were left open. "
            + $"On the way from one domain to the next, DMA leaked for at least one driver step on {List(detach.Where(HasWindow).ToList())}.";
    }

    private static List<SurveyCase> Speaking(IReadOnlyList<SurveyCase> cases, KernelVersion kernel, SurveyStrategy strategy) =>
    [
        .. cases.Where(survey => survey.Kernel == kernel && survey.Strategy == strategy && survey.At(SurveyPhase.AfterDetach) != null).DistinctBy(survey => survey.Room),
    ];

    private static List<SurveyCase> Where(IEnumerable<SurveyCase> cases, SurveyOutcome outcome) => [.. cases.Where(survey => Worst(survey) == outcome)];

    private static SurveyOutcome Worst(SurveyCase survey) => survey.At(SurveyPhase.AfterDetach)!.Observations.Max(observation => observation.Outcome);

    private static int Count(IEnumerable<SurveyCase> cases, SurveyAnswer answer) => cases.Count(survey => survey.Verdict.Answer == answer);

    private static bool HasWindow(SurveyCase survey) => survey.Leaks.Any(leak => leak.First.Phase is SurveyPhase.DuringDetach or SurveyPhase.AttachingNext);

    private static string List(IReadOnlyCollection<SurveyCase> cases) =>
        cases.Count == 0 ? "none" : $"{cases.Count} ({string.Join(", ", cases.Select(survey => survey.Room.Name))})";
}
