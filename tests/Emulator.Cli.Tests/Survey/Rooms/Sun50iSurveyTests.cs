using Emulator.Cli.Survey;
using Emulator.Hardware.Drivers;

namespace Emulator.Cli.Tests.Survey.Rooms;

/// <summary>What a detach does on Allwinner's IOMMU.</summary>
public class Sun50iSurveyTests
{
    [Theory]
    [InlineData("h6", KernelVersion.Linux61)]
    [InlineData("h6", KernelVersion.Linux612)]
    [InlineData("h616", KernelVersion.Linux612)]
    public void Detach_writes_nothing_and_the_domain_goes_on_translating(string variant, KernelVersion kernel)
    {
        var survey = RealSurvey.Run("sun50i", variant, kernel, SurveyStrategy.Detach);
        Assert.Empty(RealSurvey.During(survey));
        Assert.All(survey.At(SurveyPhase.AfterDetach)!.Observations, o => Assert.Equal(SurveyLanding.DomainA, o.Dma.Landing));
        Assert.Equal(SurveyAnswer.Undecided, survey.Verdict.Answer);
    }

    [Theory]
    [InlineData(KernelVersion.Linux61)]
    [InlineData(KernelVersion.Linux612)]
    public void The_attach_after_a_detach_frees_the_tables_and_passes_through_identity(KernelVersion kernel)
    {
        var next = RealSurvey.Run("sun50i", "h6", kernel, SurveyStrategy.Detach).Points.Where(point => point.Phase == SurveyPhase.AttachingNext).ToList();
        Assert.Equal(0, next[0].Number);
        Assert.Contains(next[0].Observations, o => o.Outcome >= SurveyOutcome.Translated);
        Assert.Equal("write ENABLE = 0x0", next[1].Step);
        Assert.All(next.Skip(1).SkipLast(1).SelectMany(point => point.Observations), o => Assert.Equal(SurveyOutcome.Identity, o.Outcome));
        Assert.All(next[^1].Observations, o => Assert.Equal(SurveyLanding.DomainB, o.Dma.Landing));
    }

    [Fact]
    public void An_empty_domain_blocks_once_the_TLB_is_flushed()
    {
        var survey = RealSurvey.Run("sun50i", "h6", KernelVersion.Linux61, SurveyStrategy.Empty);
        Assert.All(survey.At(SurveyPhase.AfterDetach)!.Observations, o => Assert.Equal(SurveyOutcome.Blocked, o.Outcome));
        Assert.DoesNotContain(RealSurvey.During(survey).SelectMany(point => point.Observations), o => o.Outcome == SurveyOutcome.Identity);
        var leak = survey.Leaks[0];
        Assert.StartsWith("write TTB", leak.First.Step, StringComparison.Ordinal);
        Assert.Equal((SurveyOutcome.Stale, SurveyLanding.DomainA), (leak.Outcome, leak.Landing));
        var last = survey.Leaks.Last(each => each.First.Phase == SurveyPhase.DuringDetach).Last;
        Assert.StartsWith("write TLB_FLUSH", RealSurvey.StepAfter(survey, last).Step, StringComparison.Ordinal);
    }

    [Fact]
    public void Linux_6_1_has_no_driver_for_H616() =>
        Assert.Equal(SurveyAnswer.NotOffered, RealSurvey.Run("sun50i", "h616", KernelVersion.Linux61, SurveyStrategy.Detach).Verdict.Answer);
}
