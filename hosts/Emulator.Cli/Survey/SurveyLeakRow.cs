namespace Emulator.Cli.Survey;

/// <summary>One leak in the document of <c>survey --json</c>.</summary>
/// <param name="Iommu">Name of the IOMMU.</param>
/// <param name="Variant">Its variant.</param>
/// <param name="Kernel"><c>6.1</c> or <c>6.12</c>.</param>
/// <param name="Strategy"><c>detach</c>, <c>empty</c> or <c>native</c>.</param>
/// <param name="FirstPhase">The phase of the first point that leaked.</param>
/// <param name="FirstStep">The driver step before it; null where no step is meant.</param>
/// <param name="LastPhase">The phase of the last point that leaked.</param>
/// <param name="LastStep">The driver step before it.</param>
/// <param name="Outcome"><c>stale</c>, <c>identity</c> or <c>translated</c> (to an address of nobody).</param>
/// <param name="Landing">Whose memory was reached.</param>
/// <param name="Directions"><c>read</c>, <c>write</c> or both.</param>
/// <param name="NewPages">Whether pages never used before leaked too: the silicon still walked, no cache answered.</param>
/// <param name="Dmas">How many of the DMAs sent there leaked.</param>
public sealed record SurveyLeakRow(
    string Iommu,
    string Variant,
    string Kernel,
    string Strategy,
    string FirstPhase,
    string? FirstStep,
    string LastPhase,
    string? LastStep,
    string Outcome,
    string Landing,
    IReadOnlyList<string> Directions,
    bool NewPages,
    int Dmas)
{
    /// <summary>Makes the entry.</summary>
    public static SurveyLeakRow Of(SurveyCase survey, SurveyLeak leak)
    {
        ArgumentNullException.ThrowIfNull(survey);
        ArgumentNullException.ThrowIfNull(leak);
        return new SurveyLeakRow(
            survey.Room.Name,
            survey.Variant,
            SurveyText.Of(survey.Kernel),
            SurveyText.Of(survey.Strategy),
            SurveyText.Of(leak.First.Phase),
            leak.First.Step,
            SurveyText.Of(leak.Last.Phase),
            leak.Last.Step,
            SurveyText.Of(leak.Outcome),
            SurveyText.Of(leak.Landing),
            [.. leak.Accesses.Select(SurveyText.Of)],
            leak.ColdToo,
            leak.Dmas);
    }
}
