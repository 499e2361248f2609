using Emulator.Cli.Survey;
using Emulator.Hardware.Drivers;

namespace Emulator.Cli.Tests.Survey.Rooms;

/// <summary>What a detach does on VT-d, and what still gets through between its steps.</summary>
public class IntelSurveyTests
{
    [Theory]
    [InlineData("legacy", KernelVersion.Linux61, SurveyStrategy.Detach, 0x02)]
    [InlineData("legacy", KernelVersion.Linux612, SurveyStrategy.Native, 0x02)]
    [InlineData("scalable-sl", KernelVersion.Linux61, SurveyStrategy.Detach, 0x41)]
    [InlineData("scalable-sl", KernelVersion.Linux612, SurveyStrategy.Native, 0x59)]
    [InlineData("scalable-fl", KernelVersion.Linux612, SurveyStrategy.Detach, 0x59)]
    public void Detach_blocks_with_the_reason_of_the_entry_that_was_cleared(string variant, KernelVersion kernel, SurveyStrategy strategy, int reason)
    {
        var survey = RealSurvey.Run("intel", variant, kernel, strategy);
        var after = survey.At(SurveyPhase.AfterDetach)!;
        Assert.All(after.Observations, o => Assert.Equal(SurveyOutcome.Blocked, o.Outcome));
        Assert.All(after.Observations, o => Assert.Equal(reason, o.Dma.Fault!.Value.Code));
        Assert.Equal(SurveyAnswer.Holds, survey.Verdict.Answer);
    }

    [Fact]
    public void After_the_context_is_cleared_new_pages_translate_until_its_invalidation_and_cached_pages_until_the_IOTLBs()
    {
        var survey = RealSurvey.Run("intel", "legacy", KernelVersion.Linux61, SurveyStrategy.Detach);
        var during = RealSurvey.During(survey);
        Assert.StartsWith("store context", during[0].Step, StringComparison.Ordinal);
        Assert.Equal([true, false], survey.Leaks.Select(leak => leak.ColdToo));
        Assert.All(survey.Leaks, leak => Assert.Equal((SurveyOutcome.Stale, SurveyLanding.DomainA), (leak.Outcome, leak.Landing)));

        // Both windows begin and end where the silicon takes note: the context-cache descriptor's tail write, then the IOTLB descriptor's.
        Assert.Same(during[0], survey.Leaks[0].First);
        Assert.StartsWith("write IQT", survey.Leaks[1].First.Step, StringComparison.Ordinal);
        Assert.StartsWith("write IQT", RealSurvey.StepAfter(survey, survey.Leaks[1].Last).Step, StringComparison.Ordinal);
        Assert.Contains(during, point => point.Step!.StartsWith("store QI q0", StringComparison.Ordinal) && point.Number > survey.Leaks[1].First.Number);
    }
}
