using Emulator.Actors.Programming;
using Emulator.Simulations.Exploration;

namespace Emulator.Simulations.Tests.Exploration;

/// <summary>What Linux 6.1's detach alone does, found by exploration in seeds 1 to 100 and shrunk to a story of at most ten events.</summary>
public sealed class LegacyTests
{
    private const int MostEvents = 10;

    [Theory]
    [InlineData("exynos", "isolation/identity")]
    [InlineData("ipmmu-vmsa", "isolation/identity")]
    [InlineData("rockchip", "isolation/identity")]
    [InlineData("msm", "isolation/freed-memory")]
    [InlineData("msm", "isolation/identity", 2, DriverPacing.Whole)]
    [InlineData("omap", "isolation/identity")]
    [InlineData("qcom_iommu", "isolation/identity")]
    [InlineData("tegra-smmu", "isolation/identity")]
    [InlineData("mtk_v1", "isolation/while-blocked", 1)]
    [InlineData("sun50i", "isolation/while-blocked")]
    [InlineData("tegra-gart", "isolation/while-blocked", 1)]
    [InlineData("sprd", "isolation/freed-memory")]
    public void A_detach_that_does_not_block_is_found_and_told_in_a_few_events(string iommu, string invariant, int tenants = 2, DriverPacing pacing = DriverPacing.StepByStep)
    {
        var experiment = Experiments.Legacy(iommu, tenants);
        using var explorer = new Explorer(experiment with { Host = experiment.Host with { Pacing = pacing } });
        var found = Enumerable.Range(1, 100).Select(seed => explorer.Run((ulong)seed)).FirstOrDefault(run => run.Broken?.Invariant == invariant);
        Assert.NotNull(found);
        var shrunk = explorer.Shrink(found);
        Assert.Equal(invariant, shrunk.Broken!.Invariant);
        Assert.InRange(shrunk.Timeline.Count, 2, MostEvents);
        Assert.StartsWith(invariant, shrunk.Timeline[^1].Text, StringComparison.Ordinal);
        Assert.Single(shrunk.Actions);
    }
}
