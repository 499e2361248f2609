using Emulator.Cli.Survey;
using Emulator.Hardware.Dma;
using Emulator.Hardware.Drivers;

namespace Emulator.Cli.Tests.Survey.Rooms;

/// <summary>What a detach does on the Rockchip IOMMU.</summary>
public class RockchipSurveyTests
{
    [Theory]
    [InlineData("v1", KernelVersion.Linux61)]
    [InlineData("v2", KernelVersion.Linux61)]
    [InlineData("v1", KernelVersion.Linux612)]
    [InlineData("v2", KernelVersion.Linux612)]
    public void After_the_detach_DMA_passes_untranslated_and_unrecorded(string variant, KernelVersion kernel)
    {
        var survey = RealSurvey.Run("rockchip", variant, kernel, SurveyStrategy.Detach);
        Assert.All(survey.At(SurveyPhase.AfterDetach)!.Observations, o => Assert.Equal(SurveyOutcome.Identity, o.Outcome));
        Assert.All(survey.At(SurveyPhase.AfterDetach)!.Observations, o => Assert.Null(o.Dma.Fault));
        Assert.Equal("write rk0.COMMAND = 0x3", survey.Leaks[0].First.Step);
        Assert.Equal(SurveyAnswer.Undecided, survey.Verdict.Answer);
    }

    [Theory]
    [InlineData("v1", KernelVersion.Linux61)]
    [InlineData("v2", KernelVersion.Linux612)]
    public void The_way_to_the_empty_domain_that_blocks_leads_through_identity(string variant, KernelVersion kernel)
    {
        var survey = RealSurvey.Run("rockchip", variant, kernel, SurveyStrategy.Empty);
        Assert.All(survey.At(SurveyPhase.AfterDetach)!.Observations, o => Assert.Equal(SurveyOutcome.Blocked, o.Outcome));
        Assert.Equal(FaultReason.NotPresent, survey.At(SurveyPhase.AfterDetach)!.Observations[0].Dma.Fault!.Value.Reason);
        Assert.Contains(survey.Leaks, leak => leak is { First.Phase: SurveyPhase.DuringDetach, Outcome: SurveyOutcome.Identity });
    }
}
