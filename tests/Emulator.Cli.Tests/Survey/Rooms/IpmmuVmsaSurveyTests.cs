using Emulator.Cli.Survey;
using Emulator.Hardware.Dma;
using Emulator.Hardware.Drivers;

namespace Emulator.Cli.Tests.Survey.Rooms;

/// <summary>What a detach does on Renesas' IPMMU.</summary>
public class IpmmuVmsaSurveyTests
{
    private const int TranslationFaultAtLevel1 = 0x1001;
    private const int TranslationFaultAtLevel2 = 0x2001;

    [Theory]
    [InlineData("gen2", KernelVersion.Linux61)]
    [InlineData("gen2", KernelVersion.Linux612)]
    [InlineData("gen3", KernelVersion.Linux61)]
    [InlineData("gen3", KernelVersion.Linux612)]
    [InlineData("gen4", KernelVersion.Linux61)]
    [InlineData("gen4", KernelVersion.Linux612)]
    public void After_detach_DMA_passes_untranslated_from_the_first_write_on(string variant, KernelVersion kernel)
    {
        var survey = RealSurvey.Run("ipmmu-vmsa", variant, kernel, SurveyStrategy.Detach);
        var only = Assert.Single(survey.Points, point => point.Phase == SurveyPhase.DuringDetach);
        Assert.EndsWith("write ipmmu0.IMUCTR[0] = 0x0", only.Step!, StringComparison.Ordinal);
        var after = survey.At(SurveyPhase.AfterDetach)!;
        Assert.All(after.Observations, o => Assert.Equal(SurveyOutcome.Identity, o.Outcome));
        Assert.All(after.Observations, o => Assert.Equal(o.Dma.Iova, o.Dma.LandedAt));
        Assert.All(after.Observations, o => Assert.Null(o.Dma.Fault));
    }

    [Theory]
    [InlineData("gen3", KernelVersion.Linux61)]
    [InlineData("gen4", KernelVersion.Linux612)]
    public void An_empty_domain_blocks_without_a_moment_of_identity(string variant, KernelVersion kernel)
    {
        var survey = RealSurvey.Run("ipmmu-vmsa", variant, kernel, SurveyStrategy.Empty);
        Assert.All(survey.Points.Where(point => point.Phase == SurveyPhase.DuringDetach), point => Assert.DoesNotContain(point.Observations, o => o.Outcome == SurveyOutcome.Identity));
        var after = survey.At(SurveyPhase.AfterDetach)!;
        Assert.All(after.Observations, o => Assert.Equal(SurveyOutcome.Blocked, o.Outcome));
        Assert.All(after.Observations, o => Assert.Equal(FaultReason.NotPresent, o.Dma.Fault!.Value.Reason));
        Assert.All(after.Observations, o => Assert.InRange(o.Dma.Fault!.Value.Code, TranslationFaultAtLevel1, TranslationFaultAtLevel2));
    }

    [Theory]
    [InlineData(KernelVersion.Linux61)]
    [InlineData(KernelVersion.Linux612)]
    public void No_kernel_has_a_blocking_domain(KernelVersion kernel) =>
        Assert.Equal(SurveyAnswer.NotOffered, RealSurvey.Run("ipmmu-vmsa", "gen3", kernel, SurveyStrategy.Native).Verdict.Answer);
}
