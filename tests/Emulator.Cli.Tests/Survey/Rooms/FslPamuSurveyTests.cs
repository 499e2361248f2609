using Emulator.Cli.Survey;
using Emulator.Hardware.Drivers;
using Emulator.Hardware.Iommus.FslPamu;

namespace Emulator.Cli.Tests.Survey.Rooms;

/// <summary>What a detach does on QorIQ's PAMU: it blocks, where identity was guessed.</summary>
public class FslPamuSurveyTests
{
    public static TheoryData<string, KernelVersion> Cases => new()
    {
        { FslPamuRoom.Qoriq, KernelVersion.Linux61 },
        { FslPamuRoom.Erratum, KernelVersion.Linux61 },
        { FslPamuRoom.Qoriq, KernelVersion.Linux612 },
        { FslPamuRoom.Erratum, KernelVersion.Linux612 },
    };

    [Theory]
    [MemberData(nameof(Cases))]
    public void A_detach_blocks_though_identity_was_guessed(string variant, KernelVersion kernel)
    {
        var survey = RealSurvey.Run("fsl_pamu", variant, kernel, SurveyStrategy.Detach);
        Assert.All(survey.At(SurveyPhase.AfterDetach)!.Observations, o => Assert.Equal(SurveyOutcome.Blocked, o.Outcome));
        Assert.Equal(SurveyAnswer.Wrong, survey.Verdict.Answer);
        Assert.Equal(variant == FslPamuRoom.Erratum, RealSurvey.During(survey).SelectMany(point => point.Observations).Any(o => o.Dma.Fault != null));
    }

    [Theory]
    [MemberData(nameof(Cases))]
    public void Before_the_attach_and_while_attached_DMA_passes_untranslated(string variant, KernelVersion kernel)
    {
        var survey = RealSurvey.Run("fsl_pamu", variant, kernel, SurveyStrategy.Detach);
        foreach (var phase in (SurveyPhase[])[SurveyPhase.BeforeAttach, SurveyPhase.Attached])
            Assert.All(survey.At(phase)!.Observations, o => Assert.Equal((SurveyOutcome.Identity, SurveyLanding.OwnAddress), (o.Outcome, o.Dma.Landing)));
    }

    [Theory]
    [MemberData(nameof(Cases))]
    public void An_empty_domain_is_a_window_to_everything(string variant, KernelVersion kernel)
    {
        var survey = RealSurvey.Run("fsl_pamu", variant, kernel, SurveyStrategy.Empty);
        Assert.All(survey.At(SurveyPhase.AfterDetach)!.Observations, o => Assert.Equal(SurveyOutcome.Identity, o.Outcome));
    }
}
