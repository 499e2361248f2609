using Emulator.Cli.Survey;
using Emulator.Cli.Tests.Survey.Rooms;
using Emulator.Hardware.Drivers;
using Emulator.Hardware.Iommus;

namespace Emulator.Cli.Tests.Survey;

/// <summary>The answer to the mail: what Linux 6.1's detach leaves behind on each of the nineteen, and the leaks that their drivers are known for.</summary>
public class NineteenAnswersTests
{
    public static TheoryData<string, string, SurveyOutcome> AfterDetach => new()
    {
        { "apple-dart", "t8103", SurveyOutcome.Blocked },
        { "exynos", "v5", SurveyOutcome.Identity },
        { "ipmmu-vmsa", "gen3", SurveyOutcome.Identity },
        { "mtk_v1", "mt2701", SurveyOutcome.Stale },
        { "mtk", "mt8173", SurveyOutcome.Stale },
        { "mtk", "mt8195_infra", SurveyOutcome.Identity },
        { "rockchip", "v1", SurveyOutcome.Identity },
        { "sprd", "ex", SurveyOutcome.Identity },
        { "sun50i", "h6", SurveyOutcome.Stale },
        { "amd", "v1", SurveyOutcome.Blocked },
        { "qcom_iommu", "msm8916", SurveyOutcome.Identity },
        { "intel", "legacy", SurveyOutcome.Blocked },
        { "fsl_pamu", "qoriq", SurveyOutcome.Blocked },
        { "msm", "apq8064", SurveyOutcome.Identity },
        { "omap", "tlb32", SurveyOutcome.Identity },
        { "s390", "strict", SurveyOutcome.Blocked },
        { "tegra-gart", "tegra20", SurveyOutcome.Stale },
        { "tegra-smmu", "tegra124", SurveyOutcome.Identity },
        { "arm-smmu", "v2", SurveyOutcome.Blocked },
        { "arm-smmu-v3", "2lvl", SurveyOutcome.Blocked },
    };

    [Theory]
    [MemberData(nameof(AfterDetach))]
    public void The_detach_of_6_1_leaves_DMA(string iommu, string variant, SurveyOutcome outcome)
    {
        var after = Survey(iommu, variant, SurveyStrategy.Detach).At(SurveyPhase.AfterDetach)!;
        Assert.All(after.Observations, observation => Assert.Equal(outcome, observation.Outcome));
    }

    [Fact]
    public void The_catalogue_has_the_nineteen_of_the_mail_in_its_order() => Assert.Equal(
        [
            "apple-dart", "exynos", "ipmmu-vmsa", "mtk_v1", "mtk", "rockchip", "sprd", "sun50i", "amd", "qcom_iommu", "intel", "fsl_pamu", "msm", "omap", "s390",
            "tegra-gart", "tegra-smmu", "arm-smmu", "arm-smmu-v3",
        ],
        IommuCatalog.Rooms.Select(room => room.Name));

    [Theory]
    [InlineData("exynos", "v5")]
    [InlineData("rockchip", "v1")]
    public void A_change_from_one_domain_to_the_next_passes_through_identity(string iommu, string variant) =>
        Assert.Contains(Survey(iommu, variant, SurveyStrategy.Empty).Leaks, leak => leak is { Outcome: SurveyOutcome.Identity, First.Phase: SurveyPhase.DuringDetach });

    [Theory]
    [InlineData("sprd", "ex")]
    [InlineData("msm", "apq8064")]
    public void A_table_is_freed_while_the_silicon_still_walks_it(string iommu, string variant) =>
        Assert.Contains(Survey(iommu, variant, SurveyStrategy.Detach).Leaks, leak => leak is { Landing: SurveyLanding.FreedTable, First.Phase: SurveyPhase.DuringDetach });

    [Fact]
    public void Sun50i_walks_the_table_of_a_domain_that_was_freed_after_its_detach() =>
        Assert.Contains(Survey("sun50i", "h6", SurveyStrategy.Detach).Leaks, leak => leak is { Landing: SurveyLanding.FreedTable, First.Phase: SurveyPhase.AfterFree });

    [Fact]
    public void Mtk_passes_DMA_through_once_the_device_has_slept() =>
        Assert.Contains(Survey("mtk", "mt8173", SurveyStrategy.Detach).Leaks, leak => leak is { Outcome: SurveyOutcome.Identity, First.Phase: SurveyPhase.AfterResume });

    [Fact]
    public void Mtks_empty_domain_is_the_table_of_everybody() =>
        Assert.Equal(SurveyOutcome.Stale, Survey("mtk", "mt8173", SurveyStrategy.Empty).At(SurveyPhase.AfterDetach)!.Observations.Max(observation => observation.Outcome));

    [Fact]
    public void Qcom_runs_untranslated_after_its_own_domain_is_attached_again() =>
        Assert.Contains(Survey("qcom_iommu", "msm8916", SurveyStrategy.Detach).Leaks, leak => leak is { Outcome: SurveyOutcome.Identity, First.Phase: SurveyPhase.AfterReattach });

    [Fact]
    public void Tegra_gart_is_open_outside_its_aperture_while_attached() =>
        Assert.Contains(Survey("tegra-gart", "tegra20", SurveyStrategy.Detach).Leaks, leak => leak is { Outcome: SurveyOutcome.Identity, First.Phase: SurveyPhase.Unmapped });

    [Fact]
    public void Omap_blocks_for_a_moment_before_it_passes_everything()
    {
        var survey = Survey("omap", "tlb32", SurveyStrategy.Detach);
        Assert.Contains(RealSurvey.During(survey), point => point.Observations.Where(o => o.Cold).All(o => o.Outcome == SurveyOutcome.Blocked));
        Assert.Contains(survey.Leaks, leak => leak is { Outcome: SurveyOutcome.Identity, First.Phase: SurveyPhase.DuringDetach });
    }

    [Fact]
    public void Fsl_pamu_is_a_window_to_all_memory_while_attached() =>
        Assert.All(Survey("fsl_pamu", "qoriq", SurveyStrategy.Detach).At(SurveyPhase.Attached)!.Observations, observation => Assert.Equal(SurveyOutcome.Identity, observation.Outcome));

    [Fact]
    public void Arm_smmu_without_default_domains_stays_translated_and_passes_everything_once_the_domain_is_freed()
    {
        var survey = Survey("arm-smmu", "nodefault", SurveyStrategy.Detach);
        Assert.All(survey.At(SurveyPhase.AfterDetach)!.Observations, observation => Assert.Equal(SurveyOutcome.Stale, observation.Outcome));
        Assert.Contains(survey.Leaks, leak => leak is { Outcome: SurveyOutcome.Identity, First.Phase: SurveyPhase.AfterFree });
    }

    private static SurveyCase Survey(string iommu, string variant, SurveyStrategy strategy) => RealSurvey.Run(iommu, variant, KernelVersion.Linux61, strategy);
}
