using Emulator.Cli.Survey;
using Emulator.Hardware.Dma;
using Emulator.Hardware.Drivers;
using Emulator.Hardware.Iommus.TegraSmmu;

namespace Emulator.Cli.Tests.Survey.Rooms;

/// <summary>What a detach does on the Tegra SMMU: it opens all of memory.</summary>
public class TegraSmmuSurveyTests
{
    private const int TranslationError = 6;

    public static TheoryData<string, KernelVersion> Cases
    {
        get
        {
            var cases = new TheoryData<string, KernelVersion>();
            foreach (var hardware in TegraSmmuHardware.All)
            {
                cases.Add(hardware.Name, KernelVersion.Linux61);
                cases.Add(hardware.Name, KernelVersion.Linux612);
            }

            return cases;
        }
    }

    [Theory]
    [MemberData(nameof(Cases))]
    public void Detach_is_identity_from_its_first_write_on(string variant, KernelVersion kernel)
    {
        var survey = RealSurvey.Run("tegra-smmu", variant, kernel, SurveyStrategy.Detach);

        var during = RealSurvey.During(survey);
        Assert.StartsWith("read  SMMU_DC_ASID", during[0].Step, StringComparison.Ordinal);
        Assert.All(during[0].Observations, o => Assert.Equal(SurveyOutcome.Translated, o.Outcome));
        Assert.Equal("write SMMU_DC_ASID = 0x0", during[1].Step);
        Assert.All(during.Skip(1).SelectMany(point => point.Observations), o => Assert.Equal(SurveyOutcome.Identity, o.Outcome));
        Assert.All(survey.At(SurveyPhase.AfterDetach)!.Observations, o => Assert.Equal(SurveyOutcome.Identity, o.Outcome));
        Assert.Equal(SurveyAnswer.Undecided, survey.Verdict.Answer);
    }

    [Theory]
    [MemberData(nameof(Cases))]
    public void An_empty_domain_blocks_with_a_translation_error(string variant, KernelVersion kernel)
    {
        var after = RealSurvey.Run("tegra-smmu", variant, kernel, SurveyStrategy.Empty).At(SurveyPhase.AfterDetach)!;

        Assert.All(after.Observations, o => Assert.Equal(SurveyOutcome.Blocked, o.Outcome));
        Assert.All(after.Observations, o => Assert.Equal((FaultReason.NotPresent, (ushort)TranslationError), (o.Dma.Fault!.Value.Reason, o.Dma.Fault!.Value.Code)));
    }

    [Fact]
    public void The_driver_has_no_blocking_domain() =>
        Assert.Equal(SurveyAnswer.NotOffered, RealSurvey.Run("tegra-smmu", "tegra30", KernelVersion.Linux612, SurveyStrategy.Native).Verdict.Answer);
}
