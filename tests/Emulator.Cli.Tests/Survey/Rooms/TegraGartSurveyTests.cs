using Emulator.Cli.Survey;
using Emulator.Hardware.Drivers;

namespace Emulator.Cli.Tests.Survey.Rooms;

/// <summary>What a detach does on Tegra20's GART: nothing.</summary>
public class TegraGartSurveyTests
{
    [Theory]
    [InlineData("tegra20")]
    [InlineData("debug")]
    public void Entries_go_on_translating_and_outside_the_aperture_everything_passes(string variant)
    {
        var survey = RealSurvey.Run("tegra-gart", variant, KernelVersion.Linux61, SurveyStrategy.Detach);
        Assert.Equal(SurveyAnswer.Wrong, survey.Verdict.Answer);
        Assert.Empty(RealSurvey.During(survey));
        Assert.All(survey.At(SurveyPhase.AfterDetach)!.Observations, o => Assert.Equal((SurveyOutcome.Stale, SurveyLanding.DomainA), (o.Outcome, o.Dma.Landing)));
        Assert.Contains(survey.Leaks, leak => leak is { First.Phase: SurveyPhase.Unmapped, Outcome: SurveyOutcome.Identity, Dmas: 2 });
    }

    [Fact]
    public void An_empty_domain_is_refused_while_another_one_is_active()
    {
        var survey = RealSurvey.Run("tegra-gart", "tegra20", KernelVersion.Linux61, SurveyStrategy.Empty);
        Assert.Equal(SurveyAnswer.Refused, survey.Verdict.Answer);
        Assert.Contains("EBUSY", survey.Verdict.Why, StringComparison.Ordinal);
    }

    [Fact]
    public void Linux_6_12_has_no_driver() =>
        Assert.Equal(SurveyAnswer.NotOffered, RealSurvey.Run("tegra-gart", "tegra20", KernelVersion.Linux612, SurveyStrategy.Detach).Verdict.Answer);
}
