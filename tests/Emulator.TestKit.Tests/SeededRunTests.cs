using Emulator.Actors.Ownership;
using Emulator.Actors.Programming;
using Emulator.Simulations.Exploration;

namespace Emulator.TestKit.Tests;

public sealed class SeededRunTests : PlatformTest
{
    private static Experiment Legacy =>
        ExperimentOn(p => p.Iommu("exynos").Blocking(BlockingStrategy.Detach).Pacing(DriverPacing.StepByStep).Devices(2)) with { Changes = 0.2 };

    [Fact]
    public void A_seed_that_breaks_an_invariant_is_named_with_the_numbered_timeline_of_its_smallest_run()
    {
        var broken = Assert.Throws<BrokenInvariantException>(() => Explore(Legacy, seeds: 50, firstSeed: 7));
        Assert.InRange(broken.Seed, 7UL, 56UL);
        var lines = broken.Message.Split('\n');
        Assert.StartsWith($"seed {broken.Seed} breaks isolation/identity: device 0 (stream ", lines[0], StringComparison.Ordinal);
        Assert.Equal("at its smallest:", lines[1]);
        Assert.Equal(broken.Shrunk.Timeline.Count, lines.Length - 2);
        Assert.StartsWith("   1. step ", lines[2], StringComparison.Ordinal);
        Assert.Contains("isolation/identity", lines[^1], StringComparison.Ordinal);
    }

    [Fact]
    public void A_seed_is_replayed_with_its_timeline()
    {
        var seed = Assert.Throws<BrokenInvariantException>(() => Explore(Legacy)).Seed;
        var (first, again) = (Replay(Legacy, seed), Replay(Legacy, seed));
        Assert.Equal("isolation/identity", first.Broken!.Invariant);
        Assert.Equal(first.Record.Hash, again.Record.Hash);
        Assert.NotEmpty(first.Timeline);
    }

    [Fact]
    public void A_sound_platform_breaks_nothing_and_no_seeds_are_no_exploration()
    {
        Explore(p => p.Kernel("6.12").Blocking(BlockingStrategy.Native).Devices(2), seeds: 20);
        Assert.Throws<ArgumentOutOfRangeException>(() => Explore(p => p, seeds: 0));
    }
}
