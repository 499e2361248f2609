using Emulator.Actors.Faults;
using Emulator.Actors.Isolation;
using Emulator.Actors.Ownership;
using Emulator.Hardware.Drivers;
using Emulator.Simulations.Exploration;

namespace Emulator.Simulations.Tests.Exploration;

public sealed class SweepTests
{
    private static readonly FaultKind[] s_toStand = [.. FaultCatalog.All.Where(fault => fault.Explains == ViolationKinds.None).Select(fault => fault.Kind)];

    [Fact]
    public void The_same_seeds_give_the_same_result_whatever_the_number_of_workers()
    {
        var experiment = Experiments.Sound([.. Enum.GetValues<FaultKind>()]);
        var one = new SeedSweep(experiment, new ExplorationOptions { Seeds = 60, Workers = 1 }).Run();
        var two = new SeedSweep(experiment, new ExplorationOptions { Seeds = 60, Workers = 2 }).Run();
        Assert.Equal(one with { Failures = [], FaultsInjected = two.FaultsInjected }, two with { Failures = [] });
        Assert.Equal(one.FaultsInjected, two.FaultsInjected);
        Assert.Equal((60, 60L), (one.Seeds, one.Interleavings));
    }

    [Fact]
    public void Other_seeds_give_another_result() => Assert.NotEqual(
        new SeedSweep(Experiments.Sound(), new ExplorationOptions { Seeds = 5, Workers = 1 }).Run().Hash,
        new SeedSweep(Experiments.Sound(), new ExplorationOptions { Seeds = 5, Workers = 1, FirstSeed = 2 }).Run().Hash);

    [Theory]
    [InlineData("arm-smmu-v3", KernelVersion.Linux612, BlockingStrategy.Native)]
    [InlineData("intel", KernelVersion.Linux612, BlockingStrategy.Native)]
    [InlineData("intel", KernelVersion.Linux61, BlockingStrategy.Empty)]
    [InlineData("amd", KernelVersion.Linux61, BlockingStrategy.Empty)]
    [InlineData("arm-smmu", KernelVersion.Linux61, BlockingStrategy.Empty)]
    public void A_sound_strategy_stands_every_fault_that_the_platform_has_to_stand(string iommu, KernelVersion kernel, BlockingStrategy strategy)
    {
        var experiment = Experiments.Of(Experiments.Host(iommu, kernel, strategy), s_toStand) with { EarlyTimers = 0.005 };
        var result = new SeedSweep(experiment, new ExplorationOptions { Seeds = 300 }).Run();
        Assert.Empty(result.Failures);
        Assert.Equal(0, result.Explained);
        Assert.Equal(s_toStand.Order(), result.FaultsInjected.Keys.Order());
    }

    [Theory]
    [InlineData("s390")]
    [InlineData("intel")]
    public void An_attach_that_fails_before_its_first_step_explains_nothing_whatever_its_error(string iommu)
    {
        var host = Experiments.Host(iommu, KernelVersion.Linux612, BlockingStrategy.Native);
        foreach (var errno in new[] { Errno.EINVAL, Errno.ENOMEM, Errno.EBUSY, Errno.ENODEV, Errno.ENOSPC, Errno.EIO, Errno.ETIMEDOUT })
        {
            var fails = new Fault(FaultKind.AttachFails) { Errno = errno, Count = 1000 };
            var result = new SeedSweep(Experiments.Of(host) with { Scheduled = [new ExploredAction(1, 0, 0, fails)] }, new ExplorationOptions { Seeds = 30 }).Run();
            Assert.Empty(result.Failures);
            Assert.Equal((0L, 0L), (result.Explained, result.Changes));
        }
    }

    [Fact]
    public void An_attach_that_fails_half_way_on_s390_leaves_the_device_registered_and_the_driver_does_not_know()
    {
        var host = Experiments.Host("s390", KernelVersion.Linux612, BlockingStrategy.Native);
        var fails = new Fault(FaultKind.AttachFails) { Step = 5, Count = 1000 };
        var result = new SeedSweep(Experiments.Of(host) with { Scheduled = [new ExploredAction(1, 0, 0, fails)] }, new ExplorationOptions { Seeds = 200 }).Run();
        Assert.Empty(result.Failures);
        Assert.True(result.Explained > 0);
    }

    [Fact]
    public void A_fault_that_explains_is_no_excuse_for_another_kind_of_violation()
    {
        // An IOTLB that keeps everything explains stale translations; it does not explain that a disabled SysMMU passes addresses through.
        var legacy = Experiments.Legacy("exynos");
        var result = new SeedSweep(legacy with { Faults = [new FaultRate(FaultKind.InvalidationDropped, 0.5)] }, new ExplorationOptions { Seeds = 20, Shrunk = 0 }).Run();
        Assert.All(result.Failures, failure => Assert.Equal("isolation/identity", failure.Broken.Invariant));
        Assert.NotEmpty(result.Failures);
    }

    [Fact]
    public void A_dropped_invalidation_is_explained_and_counted()
    {
        var experiment = Experiments.Of(Experiments.Host("exynos", KernelVersion.Linux61, BlockingStrategy.Empty)) with { Faults = [new FaultRate(FaultKind.InvalidationDropped, 0.2)] };
        var result = new SeedSweep(experiment, new ExplorationOptions { Seeds = 100 }).Run();
        Assert.True(result.Explained > 0);
        Assert.DoesNotContain(result.Failures, failure => failure.Broken.Invariant == "isolation/old-domain");
    }

    [Fact]
    public void A_shrunk_run_runs_again_as_it_is_told()
    {
        using var explorer = new Explorer(Experiments.Legacy("exynos"));
        var shrunk = explorer.Shrink(explorer.Run(1));
        var again = explorer.Shrink(explorer.Run(1));
        Assert.Equal(shrunk.Timeline.Select(one => one.Text), again.Timeline.Select(one => one.Text));
        Assert.Equal(shrunk.Record.Hash, again.Record.Hash);
    }

    [Fact]
    public void A_run_that_broke_nothing_cannot_be_shrunk()
    {
        using var explorer = new Explorer(Experiments.Sound());
        Assert.Throws<ArgumentException>(() => explorer.Shrink(explorer.Run(1)));
    }

    [Fact]
    public void A_host_that_cannot_be_is_refused_before_any_run() =>
        Assert.Throws<ArgumentException>(() => new SeedSweep(Experiments.Sound() with { Host = Experiments.Sound().Host with { Devices = 0 } }, new ExplorationOptions()).Run());

    [Fact]
    public void Devices_that_are_quiesced_send_nothing_while_they_change_owners()
    {
        var legacy = Experiments.Legacy("exynos") with { Quiesce = true };
        Assert.Empty(new SeedSweep(legacy, new ExplorationOptions { Seeds = 20 }).Run().Failures);
        var insolent = legacy with { Faults = [new FaultRate(FaultKind.KeepsSending, 0.05)] };
        Assert.NotEmpty(new SeedSweep(insolent, new ExplorationOptions { Seeds = 20, Shrunk = 0 }).Run().Failures);
    }
}
