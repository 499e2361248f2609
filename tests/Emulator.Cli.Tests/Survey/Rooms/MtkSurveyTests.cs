using Emulator.Cli.Survey;
using Emulator.Hardware.Drivers;
using Emulator.Hardware.Iommus.Mtk;

namespace Emulator.Cli.Tests.Survey.Rooms;

/// <summary>What a detach does on MediaTek's second-generation M4U: nothing, until a larb wakes; on infrastructure at once.</summary>
public class MtkSurveyTests
{
    public static TheoryData<string, KernelVersion> Chips(bool infrastructure)
    {
        var data = new TheoryData<string, KernelVersion>();
        foreach (var hardware in MtkHardware.All.Where(hardware => hardware.IsInfrastructure == infrastructure))
        {
            if (hardware.InLinux61)
                data.Add(hardware.Name, KernelVersion.Linux61);
            data.Add(hardware.Name, KernelVersion.Linux612);
        }

        return data;
    }

    [Theory]
    [MemberData(nameof(Chips), false)]
    public void Right_after_the_detach_a_larbs_DMA_is_translated_as_before(string variant, KernelVersion kernel)
    {
        var survey = RealSurvey.Run("mtk", variant, kernel, SurveyStrategy.Detach);
        Assert.Empty(RealSurvey.During(survey));
        Assert.All(survey.At(SurveyPhase.AfterDetach)!.Observations, o => Assert.Equal((SurveyOutcome.Stale, SurveyLanding.DomainA), (o.Outcome, o.Dma.Landing)));
        Assert.Equal(SurveyAnswer.Wrong, survey.Verdict.Answer);
    }

    [Theory]
    [MemberData(nameof(Chips), false)]
    public void After_the_larbs_next_wake_it_depends_on_who_writes_the_whole_mask(string variant, KernelVersion kernel)
    {
        var identity = variant is "mt8167" or "mt8173" or "mt6795" or "mt8188_vdo";
        var resumed = RealSurvey.Run("mtk", variant, kernel, SurveyStrategy.Detach).Further.Last(point => point.Phase == SurveyPhase.AfterResume);
        Assert.All(resumed.Observations, o => Assert.Equal(identity ? SurveyOutcome.Identity : SurveyOutcome.Stale, o.Outcome));
    }

    [Theory]
    [MemberData(nameof(Chips), true)]
    public void On_infrastructure_the_detach_is_identity_at_once(string variant, KernelVersion kernel)
    {
        var survey = RealSurvey.Run("mtk", variant, kernel, SurveyStrategy.Detach);
        Assert.All(survey.At(SurveyPhase.AfterDetach)!.Observations, o => Assert.Equal((SurveyOutcome.Identity, o.Dma.Iova), (o.Outcome, o.Dma.LandedAt)));
        Assert.Equal(SurveyAnswer.Holds, survey.Verdict.Answer);
    }

    [Theory]
    [InlineData("mt8192", KernelVersion.Linux61)]
    [InlineData("mt8173", KernelVersion.Linux612)]
    [InlineData("mt8195_infra", KernelVersion.Linux61)]
    [InlineData("mt8188_infra", KernelVersion.Linux612)]
    public void An_empty_domain_takes_over_the_table_and_blocks_nothing(string variant, KernelVersion kernel) =>
        Assert.All(
            RealSurvey.Run("mtk", variant, kernel, SurveyStrategy.Empty).At(SurveyPhase.AfterDetach)!.Observations,
            o => Assert.Equal((SurveyOutcome.Stale, SurveyLanding.DomainA), (o.Outcome, o.Dma.Landing)));

    [Theory]
    [InlineData("mt8183", KernelVersion.Linux61)]
    [InlineData("mt8195_infra", KernelVersion.Linux612)]
    public void No_kernel_has_a_blocking_domain(string variant, KernelVersion kernel) =>
        Assert.Equal(SurveyAnswer.NotOffered, RealSurvey.Run("mtk", variant, kernel, SurveyStrategy.Native).Verdict.Answer);
}
