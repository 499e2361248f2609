using Emulator.Cli.Survey;
using Emulator.Hardware.Drivers;

namespace Emulator.Cli.Tests.Survey.Rooms;

/// <summary>What a detach does on the MSM IOMMU.</summary>
public class MsmSurveyTests
{
    [Theory]
    [InlineData(KernelVersion.Linux61)]
    [InlineData(KernelVersion.Linux612)]
    public void After_detach_DMA_passes_untranslated_and_in_silence(KernelVersion kernel)
    {
        var after = Run(kernel, SurveyStrategy.Detach).At(SurveyPhase.AfterDetach)!;
        Assert.All(after.Observations, o => Assert.Equal(SurveyOutcome.Identity, o.Outcome));
        Assert.All(after.Observations, o => Assert.Equal(o.Dma.Iova, o.Dma.LandedAt));
        Assert.All(after.Observations, o => Assert.Null(o.Dma.Fault));
    }

    [Theory]
    [InlineData(KernelVersion.Linux61)]
    [InlineData(KernelVersion.Linux612)]
    public void Between_the_freeing_of_the_tables_and_SCTLR_DMA_walks_freed_memory(KernelVersion kernel)
    {
        var during = RealSurvey.During(Run(kernel, SurveyStrategy.Detach));
        var off = during.ToList().FindIndex(point => point.Step!.Contains("SCTLR[0] = 0x0", StringComparison.Ordinal));
        Assert.Contains("CTX_TLBIALL[0]", during[0].Step, StringComparison.Ordinal);
        Assert.All(during.Take(off).Skip(1), point => Assert.All(point.Observations.Where(o => o.Cold), o => Assert.Equal(SurveyLanding.FreedTable, o.Dma.Landing)));
        Assert.All(during.Skip(off), point => Assert.All(point.Observations, o => Assert.Equal(SurveyOutcome.Identity, o.Outcome)));
    }

    [Theory]
    [InlineData(KernelVersion.Linux61)]
    [InlineData(KernelVersion.Linux612)]
    public void An_empty_domain_blocks_but_is_entered_through_identity_and_never_left(KernelVersion kernel)
    {
        var survey = Run(kernel, SurveyStrategy.Empty);
        Assert.Null(survey.At(SurveyPhase.AfterNextAttach));
        Assert.Contains(RealSurvey.During(survey), point => point.Observations.All(o => o.Outcome == SurveyOutcome.Identity));
        var after = survey.At(SurveyPhase.AfterDetach)!;
        Assert.All(after.Observations, o => Assert.Equal(SurveyOutcome.Blocked, o.Outcome));
    }

    [Theory]
    [InlineData(KernelVersion.Linux61)]
    [InlineData(KernelVersion.Linux612)]
    public void No_kernel_has_a_blocking_domain(KernelVersion kernel) => Assert.Equal(SurveyAnswer.NotOffered, Run(kernel, SurveyStrategy.Native).Verdict.Answer);

    private static SurveyCase Run(KernelVersion kernel, SurveyStrategy strategy) => RealSurvey.Run("msm", "apq8064", kernel, strategy);
}
