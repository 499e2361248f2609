namespace Emulator.Cli.Survey;

/// <summary>A case in which no DMA was sent: the kernel does not offer it, or its driver failed before.</summary>
/// <param name="Iommu">Name of the IOMMU.</param>
/// <param name="Variant">Its variant.</param>
/// <param name="Kernel"><c>6.1</c> or <c>6.12</c>.</param>
/// <param name="Strategy"><c>detach</c>, <c>empty</c> or <c>native</c>.</param>
/// <param name="Reason">Why.</param>
public sealed record SurveyCaseNotRun(string Iommu, string Variant, string Kernel, string Strategy, string Reason)
{
    /// <summary>Makes the entry.</summary>
    public static SurveyCaseNotRun Of(SurveyCase survey)
    {
        ArgumentNullException.ThrowIfNull(survey);
        return new SurveyCaseNotRun(survey.Room.Name, survey.Variant, SurveyText.Of(survey.Kernel), SurveyText.Of(survey.Strategy), survey.Verdict.ToString());
    }
}
