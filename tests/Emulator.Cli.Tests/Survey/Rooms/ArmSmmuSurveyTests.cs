using Emulator.Cli.Survey;
using Emulator.Hardware.Drivers;
using Emulator.Hardware.Iommus.ArmSmmu;

namespace Emulator.Cli.Tests.Survey.Rooms;

/// <summary>What a detach does on the SMMUv1 and SMMUv2.</summary>
public class ArmSmmuSurveyTests
{
    [Theory]
    [InlineData("v2")]
    [InlineData("v1")]
    [InlineData("mmu500")]
    [InlineData("s2only")]
    [InlineData("qcom")]
    public void After_a_release_in_6_1_the_stream_is_unknown_and_blocked(string variant)
    {
        var survey = RealSurvey.Run("arm-smmu", variant, KernelVersion.Linux61, SurveyStrategy.Detach);
        AssertBlocked(survey, SurveyPhase.AfterDetach, ArmSmmuFault.UnidentifiedStream);
        AssertBlocked(survey, SurveyPhase.AfterFree, ArmSmmuFault.UnidentifiedStream);
        Assert.Equal(SurveyAnswer.Holds, survey.Verdict.Answer);
        Assert.Empty(survey.Leaks);
    }

    [Theory]
    [InlineData("v2", SurveyStrategy.Detach)]
    [InlineData("v2", SurveyStrategy.Native)]
    [InlineData("v1", SurveyStrategy.Native)]
    [InlineData("mmu500", SurveyStrategy.Native)]
    [InlineData("s2only", SurveyStrategy.Native)]
    [InlineData("bypass", SurveyStrategy.Detach)]
    [InlineData("bypass", SurveyStrategy.Native)]
    [InlineData("qcom", SurveyStrategy.Native)]
    public void The_blocked_domain_of_6_12_refuses_each_DMA_with_a_global_fault(string variant, SurveyStrategy strategy)
    {
        var survey = RealSurvey.Run("arm-smmu", variant, KernelVersion.Linux612, strategy);
        Assert.Single(RealSurvey.During(survey));
        AssertBlocked(survey, SurveyPhase.AfterDetach, ArmSmmuFault.InvalidContext);
        AssertBlocked(survey, SurveyPhase.AfterFree, ArmSmmuFault.InvalidContext);
        Assert.Empty(survey.Leaks);
    }

    [Theory]
    [InlineData(KernelVersion.Linux61)]
    [InlineData(KernelVersion.Linux612)]
    public void An_empty_domain_refuses_each_DMA_with_a_translation_fault(KernelVersion kernel)
    {
        foreach (var variant in (string[])["v2", "v1", "s2only"])
            AssertBlocked(RealSurvey.Run("arm-smmu", variant, kernel, SurveyStrategy.Empty), SurveyPhase.AfterDetach, ArmSmmuFault.Translation);
    }

    [Fact]
    public void Without_disable_bypass_the_release_of_6_1_is_identity_from_its_first_step_on()
    {
        var survey = RealSurvey.Run("arm-smmu", "bypass", KernelVersion.Linux61, SurveyStrategy.Detach);
        Assert.Equal(SurveyAnswer.Wrong, survey.Verdict.Answer);
        Assert.All(survey.At(SurveyPhase.AfterDetach)!.Observations, o => Assert.Equal(SurveyOutcome.Identity, o.Outcome));
        Assert.All(RealSurvey.During(survey).SelectMany(point => point.Observations), o => Assert.Equal(SurveyOutcome.Identity, o.Outcome));
    }

    [Fact]
    public void Without_a_default_domain_the_old_domain_goes_on_and_its_end_is_identity()
    {
        var survey = RealSurvey.Run("arm-smmu", "nodefault", KernelVersion.Linux61, SurveyStrategy.Detach);
        Assert.Equal(SurveyAnswer.Wrong, survey.Verdict.Answer);
        Assert.Empty(RealSurvey.During(survey));
        Assert.All(survey.At(SurveyPhase.AfterDetach)!.Observations, o => Assert.Equal(SurveyOutcome.Stale, o.Outcome));
        Assert.All(Probed(survey, SurveyPhase.AfterFree).Observations, o => Assert.Equal(SurveyOutcome.Identity, o.Outcome));
        Assert.Equal(SurveyAnswer.NotOffered, RealSurvey.Run("arm-smmu", "nodefault", KernelVersion.Linux612, SurveyStrategy.Detach).Verdict.Answer);
    }

    private static void AssertBlocked(SurveyCase survey, SurveyPhase phase, ArmSmmuFault fault)
    {
        var observations = Probed(survey, phase).Observations;
        Assert.All(observations, o => Assert.Equal(SurveyOutcome.Blocked, o.Outcome));
        Assert.All(observations, o => Assert.Equal((ushort)fault, o.Dma.Fault!.Value.Code));
    }

    private static SurveyPoint Probed(SurveyCase survey, SurveyPhase phase) => survey.Points.Concat(survey.Further).Last(point => point.Phase == phase && point.Observations.Count > 0);
}
