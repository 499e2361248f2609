using Emulator.Cli.Survey;
using Emulator.Hardware.Drivers;

namespace Emulator.Cli.Tests.Survey.Rooms;

/// <summary>What a detach does on the SMMUv3.</summary>
public class ArmSmmuV3SurveyTests
{
    private const int TranslationFault = 0x10;

    [Theory]
    [InlineData(KernelVersion.Linux61, SurveyStrategy.Detach)]
    [InlineData(KernelVersion.Linux612, SurveyStrategy.Detach)]
    [InlineData(KernelVersion.Linux612, SurveyStrategy.Native)]
    public void An_abort_entry_blocks_without_a_record(KernelVersion kernel, SurveyStrategy strategy)
    {
        var survey = RealSurvey.Run("arm-smmu-v3", "2lvl", kernel, strategy);
        var after = survey.At(SurveyPhase.AfterDetach)!;
        Assert.All(after.Observations, o => Assert.Equal(SurveyOutcome.Blocked, o.Outcome));
        Assert.All(after.Observations, o => Assert.Null(o.Dma.Fault));
        Assert.Equal(SurveyAnswer.Holds, survey.Verdict.Answer);
    }

    [Fact]
    public void The_empty_domain_of_a_claim_records_a_translation_fault_for_each_DMA()
    {
        var after = RealSurvey.Run("arm-smmu-v3", "2lvl", KernelVersion.Linux61, SurveyStrategy.Empty).At(SurveyPhase.AfterDetach)!;
        Assert.All(after.Observations, o => Assert.Equal(TranslationFault, o.Dma.Fault!.Value.Code));
    }

    [Fact]
    public void The_cached_entry_translates_until_the_command_queue_is_told()
    {
        var survey = RealSurvey.Run("arm-smmu-v3", "2lvl", KernelVersion.Linux61, SurveyStrategy.Detach);
        var leak = Assert.Single(survey.Leaks);
        Assert.StartsWith("store STE", leak.First.Step, StringComparison.Ordinal);
        Assert.StartsWith("write CMDQ_PROD", RealSurvey.StepAfter(survey, leak.Last).Step, StringComparison.Ordinal);
    }
}
