using Emulator.Cli.Survey;
using Emulator.Cli.Tests.Survey.Toy;
using Emulator.Hardware.Dma;
using Emulator.Hardware.Drivers;
using Emulator.Hardware.Iommus;

namespace Emulator.Cli.Tests.Survey;

/// <summary>The survey's own judgement, on an IOMMU whose two caches are flushed one after the other.</summary>
public class SurveyEngineTests
{
    [Fact]
    public void A_cached_configuration_leaks_new_pages_until_it_is_flushed_and_cached_pages_until_the_translations_are()
    {
        var survey = Run(ToyRoom.Make());
        var during = survey.Points.Where(point => point.Phase == SurveyPhase.DuringDetach).ToList();
        Assert.Equal(["write TABLE = 0x0", "write FLUSH_CONFIGURATION = 0x1", "write FLUSH_TRANSLATIONS = 0x1"], during.Select(point => point.Step));
        Assert.Equal([SurveyOutcome.Stale, SurveyOutcome.Stale, SurveyOutcome.Blocked], Outcomes(during, cold: false));
        Assert.Equal([SurveyOutcome.Stale, SurveyOutcome.Blocked, SurveyOutcome.Blocked], Outcomes(during, cold: true));
        Assert.Equal([(1, 1, true), (2, 2, false)], survey.Leaks.Select(leak => (leak.First.Number!.Value, leak.Last.Number!.Value, leak.ColdToo)));
        Assert.All(survey.Leaks, leak => Assert.Equal(SurveyLanding.DomainA, leak.Landing));
        Assert.Equal(SurveyAnswer.Holds, survey.Verdict.Answer);
    }

    [Fact]
    public void A_detach_that_forgets_the_flush_stays_stale_into_the_next_attach()
    {
        var survey = Run(ToyRoom.Make(forgetsToFlush: true));
        Assert.Equal(SurveyOutcome.Stale, survey.At(SurveyPhase.AfterDetach)!.Worst(DmaAccess.Write).Outcome);
        Assert.Equal(SurveyAnswer.Wrong, survey.Verdict.Answer);
        Assert.Equal(SurveyPhase.AttachingNext, survey.Leaks.Last(leak => leak.First.Number != null).Last.Phase);
        Assert.Equal(SurveyLanding.DomainB, survey.At(SurveyPhase.AfterNextAttach)!.Worst(DmaAccess.Write).Dma.Landing);
    }

    [Fact]
    public void Silicon_that_passes_DMA_without_a_table_is_caught_in_a_third_partys_memory()
    {
        var survey = Run(ToyRoom.Make(identityWithoutTable: true));
        var before = survey.At(SurveyPhase.BeforeAttach)!.Worst(DmaAccess.Read);
        Assert.Equal(SurveyOutcome.Identity, before.Outcome);
        Assert.Equal(before.Dma.Iova, before.Dma.LandedAt);
        Assert.Equal(SurveyOutcome.Identity, survey.At(SurveyPhase.AfterDetach)!.Worst(DmaAccess.Write).Outcome);
        Assert.Equal(SurveyAnswer.Wrong, survey.Verdict.Answer);
        Assert.Equal(SurveyAnswer.Holds, Run(ToyRoom.Make(Guess2022.Identity, identityWithoutTable: true)).Verdict.Answer);
    }

    [Fact]
    public void A_table_that_is_freed_before_the_silicon_lets_go_of_it_translates_for_whoever_got_its_memory()
    {
        var survey = Run(ToyRoom.Make(freesEarly: true));
        var leak = Assert.Single(survey.Leaks, leak => leak.Landing == SurveyLanding.FreedTable && leak.First.Number != null);
        Assert.Equal((SurveyOutcome.Stale, SurveyPhase.DuringDetach, 2), (leak.Outcome, leak.First.Phase, leak.First.Number!.Value));
        Assert.StartsWith("table memory is freed", leak.First.Step, StringComparison.Ordinal);
        Assert.Equal("write TABLE = 0x0", leak.Last.Step);
        Assert.All(leak.First.Observations.Where(o => o.Cold), o => Assert.Equal(o.Dma.Iova - 0x4000_0000 + 0x7001_0000, o.Dma.LandedAt));
        Assert.Equal(8, leak.Dmas);
        Assert.Equal(SurveyAnswer.Holds, survey.Verdict.Answer);
    }

    [Fact]
    public void Other_lives_of_the_device_are_tried_on_platforms_of_their_own()
    {
        var survey = Run(ToyRoom.Make(forgetsToFlush: true));
        Assert.Equal(
            [SurveyPhase.AfterFree, SurveyPhase.AfterReattach, SurveyPhase.AfterReturn, SurveyPhase.Neighbour, SurveyPhase.Unmapped],
            survey.Further.Where(point => point.Observations.Count > 0).Select(point => point.Phase));
        Assert.Contains(survey.Leaks, leak => leak.First.Phase == SurveyPhase.AfterFree && leak.Landing == SurveyLanding.DomainA);
        Assert.DoesNotContain(survey.Leaks, leak => leak.First.Phase == SurveyPhase.AfterReattach);
        var document = SurveyDocument.Of([survey]);
        Assert.Equal(["after-free", "after-reattach", "after-return", "neighbour", "unmapped"], document.Further.Select(row => row.Phase).Distinct());
        Assert.Equal(survey.Leaks.Sum(leak => leak.Dmas), document.Leaks.Sum(leak => leak.Dmas));
    }

    [Fact]
    public void An_address_that_nothing_maps_is_no_leak_where_it_faults_and_one_where_it_passes()
    {
        Assert.DoesNotContain(Run(ToyRoom.Make()).Leaks, leak => leak.First.Phase == SurveyPhase.Unmapped);
        var open = Run(ToyRoom.Make(identityWithoutTable: true), SurveyStrategy.Detach);
        Assert.Contains(open.Leaks, leak => leak is { First.Phase: SurveyPhase.AfterFree, Outcome: SurveyOutcome.Identity });
    }

    [Fact]
    public void A_guess_that_the_mail_left_open_stays_undecided() =>
        Assert.Equal(SurveyAnswer.Undecided, Run(ToyRoom.Make(Guess2022.Undecided)).Verdict.Answer);

    [Fact]
    public void A_strategy_that_a_kernel_does_not_offer_is_said_so_and_no_error()
    {
        var survey = Run(ToyRoom.Make(), SurveyStrategy.Native);
        Assert.Equal(SurveyAnswer.NotOffered, survey.Verdict.Answer);
        var document = SurveyDocument.Of([survey]);
        Assert.Empty(document.Rows);
        var notRun = Assert.Single(document.NotRun);
        Assert.Equal(("toy", "6.1", "native"), (notRun.Iommu, notRun.Kernel, notRun.Strategy));
        Assert.StartsWith("not offered", notRun.Reason, StringComparison.Ordinal);
    }

    [Fact]
    public void An_empty_domain_blocks_with_the_fault_of_an_unmapped_page()
    {
        var after = Run(ToyRoom.Make(), SurveyStrategy.Empty).At(SurveyPhase.AfterDetach)!.Worst(DmaAccess.Read);
        Assert.Equal(SurveyOutcome.Blocked, after.Outcome);
        Assert.Equal(FaultReason.NotPresent, after.Dma.Fault!.Value.Reason);
    }

    [Fact]
    public void Rows_name_phase_step_direction_outcome_and_fault()
    {
        var rows = SurveyDocument.Of([Run(ToyRoom.Make())]).Rows;
        Assert.Equal(["before-attach", "attached", "during-detach", "after-detach", "after-next-attach"], rows.Select(row => row.Phase).Distinct());
        Assert.Equal(["read", "write"], rows.Select(row => row.Direction).Distinct());
        Assert.All(rows, row => Assert.Equal(row.Phase == "during-detach", row.Step != null));
        Assert.All(rows, row => Assert.Equal(row.Outcome == "blocked", row.LandedAt == null));
        Assert.Equal("0x7 StreamBlocked", rows.First(row => row.Phase == "after-detach").Fault);
    }

    private static SurveyCase Run(IommuRoom room, SurveyStrategy strategy = SurveyStrategy.Detach) => SurveyEngine.Run(room, "one", KernelVersion.Linux61, strategy);

    private static IEnumerable<SurveyOutcome> Outcomes(IEnumerable<SurveyPoint> points, bool cold) =>
        points.Select(point => point.Observations.Where(o => o.Cold == cold).Max(o => o.Outcome));
}
