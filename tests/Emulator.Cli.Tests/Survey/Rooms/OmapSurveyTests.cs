using Emulator.Cli.Survey;
using Emulator.Hardware.Drivers;

namespace Emulator.Cli.Tests.Survey.Rooms;

/// <summary>What a detach does on the OMAP MMU.</summary>
public class OmapSurveyTests
{
    public static TheoryData<string, KernelVersion> Cases => new()
    {
        { "tlb8", KernelVersion.Linux61 },
        { "tlb8", KernelVersion.Linux612 },
        { "tlb32", KernelVersion.Linux61 },
        { "tlb32", KernelVersion.Linux612 },
        { "dra7_dsp", KernelVersion.Linux61 },
        { "dra7_dsp", KernelVersion.Linux612 },
    };

    [Theory]
    [MemberData(nameof(Cases))]
    public void Detach_blocks_first_and_ends_in_identity(string variant, KernelVersion kernel)
    {
        var survey = RealSurvey.Run("omap", variant, kernel, SurveyStrategy.Detach);
        var during = RealSurvey.During(survey);
        var flushed = during.SkipWhile(point => point.Step?.EndsWith("mmu0.GFLUSH = 0x1", StringComparison.Ordinal) != true).First();
        Assert.All(flushed.Observations, o => Assert.Equal(SurveyOutcome.Blocked, o.Outcome));
        Assert.All(survey.At(SurveyPhase.AfterDetach)!.Observations, o => Assert.Equal((SurveyOutcome.Identity, SurveyLanding.OwnAddress), (o.Outcome, o.Dma.Landing)));
    }

    [Theory]
    [InlineData(KernelVersion.Linux61)]
    [InlineData(KernelVersion.Linux612)]
    public void An_MMU_that_somebody_holds_active_walks_the_freed_table(KernelVersion kernel)
    {
        var survey = RealSurvey.Run("omap", "held", kernel, SurveyStrategy.Detach);
        Assert.All(survey.At(SurveyPhase.AfterDetach)!.Observations, o => Assert.Equal(SurveyLanding.FreedTable, o.Dma.Landing));
    }

    [Fact]
    public void An_empty_domain_that_is_attached_over_the_old_one_changes_nothing()
    {
        var survey = RealSurvey.Run("omap", "tlb32", KernelVersion.Linux612, SurveyStrategy.Empty);
        Assert.All(survey.At(SurveyPhase.AfterDetach)!.Observations, o => Assert.Equal(SurveyLanding.DomainA, o.Dma.Landing));
    }

    [Fact]
    public void There_is_no_blocking_domain() =>
        Assert.Equal(SurveyAnswer.NotOffered, RealSurvey.Run("omap", "tlb8", KernelVersion.Linux612, SurveyStrategy.Native).Verdict.Answer);
}
