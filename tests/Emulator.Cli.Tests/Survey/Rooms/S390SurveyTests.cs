using Emulator.Cli.Survey;
using Emulator.Hardware.Dma;
using Emulator.Hardware.Drivers;

namespace Emulator.Cli.Tests.Survey.Rooms;

/// <summary>What a detach does on IBM Z.</summary>
public class S390SurveyTests
{
    // Translation protection: an entry is invalid.
    private const ushort TranslationProtection = 4;

    [Theory]
    [InlineData("strict")]
    [InlineData("lazy")]
    public void Detach_in_6_1_ends_on_an_empty_table_that_is_blocked_with_an_error_event(string variant)
    {
        var survey = RealSurvey.Run("s390", variant, KernelVersion.Linux61, SurveyStrategy.Detach);
        var after = survey.At(SurveyPhase.AfterDetach)!;
        Assert.All(after.Observations, o => Assert.Equal(SurveyOutcome.Blocked, o.Outcome));
        Assert.All(after.Observations, o => Assert.Equal((TranslationProtection, FaultReason.NotPresent), (o.Dma.Fault!.Value.Code, o.Dma.Fault.Value.Reason)));
        Assert.Empty(survey.Leaks);
        Assert.All(survey.At(SurveyPhase.AfterNextAttach)!.Observations, o => Assert.Equal(SurveyLanding.DomainB, o.Dma.Landing));
    }

    [Theory]
    [InlineData("strict", SurveyStrategy.Detach)]
    [InlineData("lazy", SurveyStrategy.Detach)]
    [InlineData("strict", SurveyStrategy.Native)]
    [InlineData("lazy", SurveyStrategy.Native)]
    public void In_6_12_the_translation_is_deregistered_and_DMA_is_refused_in_silence(string variant, SurveyStrategy strategy)
    {
        var survey = RealSurvey.Run("s390", variant, KernelVersion.Linux612, strategy);
        Assert.All(survey.At(SurveyPhase.AfterDetach)!.Observations, o => Assert.Equal((SurveyOutcome.Blocked, null), (o.Outcome, o.Dma.Fault)));
        Assert.Empty(survey.Leaks);
        Assert.All(survey.At(SurveyPhase.AfterNextAttach)!.Observations, o => Assert.Equal(SurveyLanding.DomainB, o.Dma.Landing));
    }

    [Theory]
    [InlineData(KernelVersion.Linux61)]
    [InlineData(KernelVersion.Linux612)]
    public void An_empty_domain_faults_and_opens_nothing_on_the_way(KernelVersion kernel)
    {
        var survey = RealSurvey.Run("s390", "strict", kernel, SurveyStrategy.Empty);
        Assert.Equal(TranslationProtection, survey.At(SurveyPhase.AfterDetach)!.Observations[0].Dma.Fault!.Value.Code);
        Assert.All(RealSurvey.During(survey).SelectMany(point => point.Observations), o => Assert.NotEqual(SurveyOutcome.Identity, o.Outcome));
        Assert.Empty(survey.Leaks);
    }

    [Fact]
    public void Linux_6_1_has_no_blocking_domain() =>
        Assert.Equal(SurveyAnswer.NotOffered, RealSurvey.Run("s390", "strict", KernelVersion.Linux61, SurveyStrategy.Native).Verdict.Answer);
}
