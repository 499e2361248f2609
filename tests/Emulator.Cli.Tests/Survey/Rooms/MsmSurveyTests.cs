using Emulator.Cli.Survey;
using Emulator.Hardware.Drivers;

namespace Emulator.Cli.Tests.Survey.Rooms;

/// <summary>What a detach does on Qualcomm's first IOMMU.</summary>
public class MsmSurveyTests
{
    [Theory]
    [InlineData(KernelVersion.Linux61)]
    [InlineData(KernelVersion.Linux612)]
    public void The_tables_are_walked_after_they_were_freed_and_then_everything_passes(KernelVersion kernel)
    {
        var survey = RealSurvey.Run("msm", "apq8064", kernel, SurveyStrategy.Detach);
        Assert.All(survey.At(SurveyPhase.AfterDetach)!.Observations, o => Assert.Equal(SurveyOutcome.Identity, o.Outcome));
        Assert.Equal(SurveyLanding.FreedTable, survey.Leaks[0].Landing);
        Assert.Contains(survey.Leaks, leak => leak is { First.Phase: SurveyPhase.DuringDetach, Outcome: SurveyOutcome.Identity });
    }

    [Theory]
    [InlineData(KernelVersion.Linux61)]
    [InlineData(KernelVersion.Linux612)]
    public void An_empty_domain_blocks_after_an_identity_window(KernelVersion kernel)
    {
        var survey = RealSurvey.Run("msm", "apq8064", kernel, SurveyStrategy.Empty);
        Assert.All(survey.At(SurveyPhase.AfterDetach)!.Observations, o => Assert.Equal(SurveyOutcome.Blocked, o.Outcome));
        Assert.Equal(SurveyOutcome.Identity, Assert.Single(survey.Leaks).Outcome);
    }
}
