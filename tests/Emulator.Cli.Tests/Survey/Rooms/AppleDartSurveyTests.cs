using Emulator.Cli.Survey;
using Emulator.Hardware.Dma;
using Emulator.Hardware.Drivers;

namespace Emulator.Cli.Tests.Survey.Rooms;

/// <summary>What a detach does on Apple's DART.</summary>
public class AppleDartSurveyTests
{
    [Theory]
    [InlineData(KernelVersion.Linux61)]
    [InlineData(KernelVersion.Linux612)]
    public void Detach_blocks_with_its_first_register_write(KernelVersion kernel)
    {
        var survey = RealSurvey.Run("apple-dart", "t8103", kernel, SurveyStrategy.Detach);
        var first = survey.Points.First(point => point.Phase == SurveyPhase.DuringDetach);
        Assert.Equal("write TCR[0] = 0x0", first.Step);
        Assert.All(first.Observations, o => Assert.Equal(SurveyOutcome.Blocked, o.Outcome));
        Assert.All(survey.At(SurveyPhase.AfterDetach)!.Observations, o => Assert.Equal(SurveyOutcome.Blocked, o.Outcome));
        Assert.Equal(SurveyAnswer.Holds, survey.Verdict.Answer);
    }

    [Fact]
    public void The_next_attach_enables_the_stream_before_it_flushes_the_old_domains_translations()
    {
        var survey = RealSurvey.Run("apple-dart", "t8103", KernelVersion.Linux612, SurveyStrategy.Native);
        var leak = Assert.Single(survey.Leaks);
        Assert.Equal("write TCR[0] = 0x80", leak.First.Step);
        Assert.Equal((SurveyPhase.AttachingNext, SurveyLanding.DomainA, false), (leak.First.Phase, leak.Landing, leak.ColdToo));
        Assert.StartsWith("write STREAM_COMMAND", RealSurvey.StepAfter(survey, leak.Last).Step, StringComparison.Ordinal);
    }

    [Fact]
    public void Linux_6_1_has_no_driver_for_the_M2s_DART() =>
        Assert.Equal(SurveyAnswer.NotOffered, RealSurvey.Run("apple-dart", "t8110", KernelVersion.Linux61, SurveyStrategy.Detach).Verdict.Answer);

    [Fact]
    public void An_empty_domain_faults_for_want_of_a_translation() =>
        Assert.Equal(
            FaultReason.NotPresent,
            RealSurvey.Run("apple-dart", "t8103", KernelVersion.Linux61, SurveyStrategy.Empty).At(SurveyPhase.AfterDetach)!.Worst(DmaAccess.Write).Dma.Fault!.Value.Reason);
}
