using Emulator.Cli.Survey;
using Emulator.Hardware.Dma;
using Emulator.Hardware.Drivers;

namespace Emulator.Cli.Tests.Survey.Rooms;

/// <summary>What a detach does on Qualcomm's context-bank IOMMU.</summary>
public class QcomIommuSurveyTests
{
    [Theory]
    [InlineData("msm8916", KernelVersion.Linux61)]
    [InlineData("msm8916", KernelVersion.Linux612)]
    [InlineData("msm8976", KernelVersion.Linux612)]
    public void After_detach_DMA_passes_untranslated_and_in_silence(string variant, KernelVersion kernel)
    {
        var survey = RealSurvey.Run("qcom_iommu", variant, kernel, SurveyStrategy.Detach);
        Assert.Equal("write SCTLR[1] = 0x0", Assert.Single(RealSurvey.During(survey)).Step);
        var after = survey.At(SurveyPhase.AfterDetach)!;
        Assert.All(after.Observations, o => Assert.Equal(SurveyOutcome.Identity, o.Outcome));
        Assert.All(after.Observations, o => Assert.Equal(o.Dma.Iova, o.Dma.LandedAt));
        Assert.All(after.Observations, o => Assert.Null(o.Dma.Fault));
    }

    [Theory]
    [InlineData(KernelVersion.Linux61)]
    [InlineData(KernelVersion.Linux612)]
    public void Attached_again_the_domain_does_not_translate(KernelVersion kernel)
    {
        var again = RealSurvey.Run("qcom_iommu", "msm8916", kernel, SurveyStrategy.Detach).Further.Single(point => point.Phase == SurveyPhase.AfterReattach);
        Assert.All(again.Observations, o => Assert.Equal(o.Dma.Iova, o.Dma.LandedAt));
    }

    [Theory]
    [InlineData(KernelVersion.Linux61)]
    [InlineData(KernelVersion.Linux612)]
    public void An_empty_domain_is_attached_through_identity_and_then_blocks_all_but_cached_pages(KernelVersion kernel)
    {
        var survey = RealSurvey.Run("qcom_iommu", "msm8916", kernel, SurveyStrategy.Empty);
        var during = RealSurvey.During(survey);
        Assert.Equal(10, during.Count);
        Assert.All(during.SkipLast(1), point => Assert.All(point.Observations, o => Assert.Equal(SurveyOutcome.Identity, o.Outcome)));
        var after = survey.At(SurveyPhase.AfterDetach)!;
        Assert.All(after.Observations.Where(o => o.Cold), o => Assert.Equal((SurveyOutcome.Blocked, FaultReason.NotPresent), (o.Outcome, o.Dma.Fault!.Value.Reason)));
        Assert.All(after.Observations.Where(o => !o.Cold), o => Assert.Equal((SurveyOutcome.Stale, SurveyLanding.DomainA), (o.Outcome, o.Dma.Landing)));
    }

    [Theory]
    [InlineData(KernelVersion.Linux61)]
    [InlineData(KernelVersion.Linux612)]
    public void No_kernel_has_a_blocking_domain(KernelVersion kernel) =>
        Assert.Equal(SurveyAnswer.NotOffered, RealSurvey.Run("qcom_iommu", "msm8916", kernel, SurveyStrategy.Native).Verdict.Answer);
}
