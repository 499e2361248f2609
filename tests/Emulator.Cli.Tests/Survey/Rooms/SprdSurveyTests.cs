using Emulator.Cli.Survey;
using Emulator.Hardware.Drivers;

namespace Emulator.Cli.Tests.Survey.Rooms;

/// <summary>What a detach does on the Unisoc IOMMU.</summary>
public class SprdSurveyTests
{
    [Theory]
    [InlineData("ex")]
    [InlineData("vau")]
    public void The_table_is_walked_after_it_was_freed_and_then_everything_passes(string variant)
    {
        var survey = RealSurvey.Run("sprd", variant, KernelVersion.Linux61, SurveyStrategy.Detach);
        Assert.All(survey.At(SurveyPhase.AfterDetach)!.Observations, o => Assert.Equal(SurveyOutcome.Identity, o.Outcome));
        Assert.Equal((0, SurveyLanding.FreedTable), (survey.Leaks[0].First.Number!.Value, survey.Leaks[0].Landing));
        Assert.Equal(1, survey.Leaks[0].Last.Number);
        Assert.StartsWith("read  sprd0.CFG", survey.Leaks[0].Last.Step, StringComparison.Ordinal);
    }

    [Fact]
    public void The_next_domain_is_served_by_the_old_ones_cached_pages()
    {
        var survey = RealSurvey.Run("sprd", "ex", KernelVersion.Linux61, SurveyStrategy.Detach);
        Assert.Contains(survey.Leaks, leak => leak is { First.Phase: SurveyPhase.AttachingNext, Outcome: SurveyOutcome.Stale, ColdToo: false });
    }

    [Fact]
    public void A_change_of_domain_in_6_12_passes_through_identity_and_ends_at_the_protect_page()
    {
        var survey = RealSurvey.Run("sprd", "ex", KernelVersion.Linux612, SurveyStrategy.Empty);
        Assert.Contains(survey.Leaks, leak => leak is { First.Phase: SurveyPhase.DuringDetach, Outcome: SurveyOutcome.Identity });
        Assert.All(survey.At(SurveyPhase.AfterDetach)!.Observations.Where(o => o.Cold), o => Assert.Equal(SurveyLanding.ProtectBuffer, o.Dma.Landing));
    }
}
