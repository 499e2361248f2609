using Emulator.Cli.Survey;
using Emulator.Hardware.Drivers;

namespace Emulator.Cli.Tests.Survey.Rooms;

/// <summary>What a detach does on MediaTek's first M4U: nothing.</summary>
public class MtkV1SurveyTests
{
    [Theory]
    [InlineData(KernelVersion.Linux61, SurveyStrategy.Detach)]
    [InlineData(KernelVersion.Linux612, SurveyStrategy.Detach)]
    [InlineData(KernelVersion.Linux61, SurveyStrategy.Empty)]
    [InlineData(KernelVersion.Linux612, SurveyStrategy.Empty)]
    public void DMA_is_translated_by_the_old_table_before_and_after_everything(KernelVersion kernel, SurveyStrategy strategy)
    {
        var survey = RealSurvey.Run("mtk_v1", "mt2701", kernel, strategy);
        foreach (var phase in (SurveyPhase[])[SurveyPhase.AfterDetach, SurveyPhase.AfterNextAttach])
            Assert.All(survey.At(phase)!.Observations, o => Assert.Equal((SurveyOutcome.Stale, SurveyLanding.DomainA), (o.Outcome, o.Dma.Landing)));
        Assert.Equal(SurveyAnswer.Wrong, survey.Verdict.Answer);
    }

    [Fact]
    public void Before_the_first_attach_DMA_bypasses() =>
        Assert.All(
            RealSurvey.Run("mtk_v1", "mt2701", KernelVersion.Linux61, SurveyStrategy.Detach).At(SurveyPhase.BeforeAttach)!.Observations,
            o => Assert.Equal(SurveyOutcome.Identity, o.Outcome));
}
