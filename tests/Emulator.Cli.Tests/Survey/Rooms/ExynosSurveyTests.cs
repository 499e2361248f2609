using Emulator.Cli.Survey;
using Emulator.Hardware.Dma;
using Emulator.Hardware.Drivers;
using Emulator.Hardware.Iommus.Exynos;

namespace Emulator.Cli.Tests.Survey.Rooms;

/// <summary>What a detach does on Samsung's SysMMU.</summary>
public class ExynosSurveyTests
{
    public static TheoryData<string, KernelVersion> Cases
    {
        get
        {
            var cases = new TheoryData<string, KernelVersion>();
            foreach (var variant in ExynosRoom.Room.Variants)
            {
                cases.Add(variant, KernelVersion.Linux61);
                cases.Add(variant, KernelVersion.Linux612);
            }

            return cases;
        }
    }

    [Theory]
    [MemberData(nameof(Cases))]
    public void Detach_opens_memory_with_its_first_register_write(string variant, KernelVersion kernel)
    {
        var survey = RealSurvey.Run("exynos", variant, kernel, SurveyStrategy.Detach);
        var first = survey.Points.First(point => point.Phase == SurveyPhase.DuringDetach);
        Assert.Equal("write sysmmu0.CTRL = 0x0", first.Step);
        Assert.All(first.Observations, o => Assert.Equal(SurveyOutcome.Identity, o.Outcome));
        Assert.All(survey.At(SurveyPhase.AfterDetach)!.Observations, o => Assert.Equal((SurveyOutcome.Identity, (FaultRecord?)null), (o.Outcome, o.Dma.Fault)));
        Assert.Equal(SurveyAnswer.Holds, survey.Verdict.Answer);
    }

    [Theory]
    [MemberData(nameof(Cases))]
    public void An_empty_domain_blocks_but_is_reached_through_identity(string variant, KernelVersion kernel)
    {
        var survey = RealSurvey.Run("exynos", variant, kernel, SurveyStrategy.Empty);
        var during = RealSurvey.During(survey);
        Assert.All(during.Take(2).SelectMany(point => point.Observations), o => Assert.Equal(SurveyOutcome.Identity, o.Outcome));
        Assert.All(during.Skip(2).SelectMany(point => point.Observations), o => Assert.Equal(SurveyOutcome.Blocked, o.Outcome));
        var after = survey.At(SurveyPhase.AfterDetach)!;
        Assert.All(after.Observations, o => Assert.Equal(SurveyOutcome.Blocked, o.Outcome));
        Assert.Equal(FaultReason.NotPresent, after.Worst(DmaAccess.Write).Dma.Fault!.Value.Reason);
    }
}
