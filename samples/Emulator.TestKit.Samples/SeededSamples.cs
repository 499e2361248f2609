using Emulator.Actors.Ownership;
using Emulator.Actors.Programming;

namespace Emulator.TestKit.Samples;

/// <summary>Orders of events that no clock brings about: each seed is one.</summary>
public sealed class SeededSamples : PlatformTest
{
    [Fact]
    public void A_seed_finds_the_window_that_the_detach_of_Linux_6_1_leaves_open()
    {
        var legacy = ExperimentOn(p => p.Iommu("apple-dart").Kernel("6.1").Blocking(BlockingStrategy.Detach).Pacing(DriverPacing.StepByStep).Devices(1));
        // A suite of one's own just calls Explore: the message is the timeline of the smallest run.
        var window = Assert.Throws<BrokenInvariantException>(() => Explore(legacy, seeds: 1_000));
        Assert.StartsWith("isolation/", window.Shrunk.Broken!.Invariant, StringComparison.Ordinal);
        Assert.NotNull(Replay(legacy, window.Seed).Broken);
    }

    [Fact]
    public void An_empty_domain_leaves_no_such_window() =>
        Explore(p => p.Iommu("apple-dart").Kernel("6.1").Blocking(BlockingStrategy.Empty).Pacing(DriverPacing.StepByStep).Devices(1), seeds: 100);
}
