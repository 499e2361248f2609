using Akka.Actor;
using Emulator.Actors.Devices;
using Emulator.Actors.Faults;
using Emulator.Actors.Hosts;
using Emulator.Actors.Ownership;
using Emulator.Actors.Programming;
using Emulator.Actors.Timing;
using Emulator.Hardware.Devices;
using Emulator.Hardware.Dma;
using Emulator.Hardware.DmaApi;
using Emulator.Hardware.Iommus;
using Emulator.Hardware.Timing;
using Emulator.Hardware.Translation;

namespace Emulator.Actors.Tests.Timing;

/// <summary>Hosts in virtual time.</summary>
public sealed class TimedHostTests : HostTest
{
    private static HostSpecification Timed(string room, int devices = 2) => Specification(BlockingStrategy.Empty) with
    {
        Room = IommuCatalog.Find(room)!,
        Variant = null,
        Devices = devices,
        Pacing = DriverPacing.StepByStep,
        Iotlb = new IotlbGeometry { Sets = 32, Ways = 4 },
        Timing = new HostTiming(),
        Workload = new Workload { TotalDmas = 20_000, ReadShare = 0.5 },
    };

    [Theory]
    [InlineData("intel")]
    [InlineData("amd")]
    [InlineData("arm-smmu-v3")]
    [InlineData("apple-dart")]
    public async Task The_same_host_does_the_same_on_every_run(string room)
    {
        string? first = null;
        for (var run = 0; run < 4; run++)
        {
            await Start(Timed(room));
            Host.StartWorkload();
            for (var change = 1; change <= 6; change++)
            {
                await Host.AdvanceAsync(new TimedMessages.Advance(Dmas: change * 5_000));
                Assert.IsType<HostMessages.Reassigned>(await Host.ReassignAsync(change % 2, change % 4 < 2 ? B : A));
            }

            Assert.True((await Host.AdvanceAsync(new TimedMessages.Advance())).Finished);
            await Host.WaitForWorkloadAsync();
            var (statistics, report) = (await Host.GetStatisticsAsync(), await Host.GetTimedReportAsync());
            Assert.Equal((40_000, 6, 0), (statistics.Dmas, (int)statistics.Reassignments, (int)statistics.Violations));
            Assert.InRange(statistics.BlockedTime, TimeSpan.FromTicks(1), TimeSpan.FromMilliseconds(1));
            var story = string.Join(' ', [statistics.Aborted, statistics.Faults, statistics.IotlbHits, statistics.BlockedTime.Ticks, statistics.DriverSteps, report.Elapsed, report.WalkerWait,
                .. report.Devices.Select(device => $"{device.Bytes} {device.Elapsed} {device.Latencies.Mean} {device.Latencies.Longest}")]);
            first ??= story;
            Assert.Equal(first, story);
        }
    }

    [Fact]
    public async Task One_device_that_always_hits_goes_as_fast_as_its_link()
    {
        await Start(Timed("intel", devices: 1) with { BufferSize = 64 << 10, Workload = new Workload { TotalDmas = 100_000, ReadShare = 0, Pattern = AccessPattern.Sequential } });
        Host.StartWorkload();
        await Host.AdvanceAsync(new TimedMessages.Advance());
        await Host.WaitForWorkloadAsync();
        var report = await Host.GetTimedReportAsync();
        Assert.InRange(report.Elapsed / 100_000.0 / VirtualTime.Nanosecond, 21.0, 21.2);
        var device = Assert.Single(report.Devices);
        Assert.Equal((100_000, 6_400_000, 100_000), (device.Dmas, device.Bytes, device.Latencies.Count));
        Assert.Equal(300, device.Latencies.Shortest);
    }

    [Fact]
    public async Task Time_stands_still_until_it_is_asked_to_go_on_and_goes_as_far_as_it_is_asked()
    {
        await Start(Timed("arm-smmu-v3") with { Workload = new Workload { TotalDmas = 1_000_000_000 } });
        Host.StartWorkload();
        Assert.Equal(0, (await Host.GetStatisticsAsync()).Dmas);
        var begin = (await Host.AdvanceAsync(new TimedMessages.Advance(Until: 0))).Now;
        var advanced = await Host.AdvanceAsync(new TimedMessages.Advance(Until: begin + (10 * VirtualTime.Nanosecond * 1000)));
        Assert.Equal((begin + 10_000_000, false), (advanced.Now, advanced.Finished));
        Assert.InRange(advanced.Dmas, 100, 2000);
        await Assert.ThrowsAsync<InvalidOperationException>(() => Host.GetTimedReportAsync());
        var endless = Host.AdvanceAsync(new TimedMessages.Advance());
        await Assert.ThrowsAsync<InvalidOperationException>(() => Host.AdvanceAsync(new TimedMessages.Advance(Until: advanced.Now + 1)));
        Host.StopWorkload();
        var stopped = await endless;
        Assert.True(stopped.Finished);
        await Host.WaitForWorkloadAsync();
        Assert.Equal(stopped.Dmas, (await Host.GetStatisticsAsync()).Dmas);
        Assert.Equal(stopped.Dmas, (await Host.GetTimedReportAsync()).Devices.Sum(device => device.Dmas));
    }

    [Fact]
    public async Task Detach_alone_lets_DMA_astray_here_too()
    {
        await Start(Timed("exynos") with { Strategy = BlockingStrategy.Detach });
        Host.StartWorkload();
        await Host.AdvanceAsync(new TimedMessages.Advance(Dmas: 5_000));
        for (var change = 0; change < 6; change++)
            await Host.ReassignAsync(0, change % 2 == 0 ? B : A);
        await Host.AdvanceAsync(new TimedMessages.Advance());
        await Host.WaitForWorkloadAsync();
        Assert.InRange((await Host.GetStatisticsAsync()).Violations, 1, 40_000);
    }

    [Fact]
    public async Task What_cannot_be_had_in_virtual_time_is_refused()
    {
        await Start(Timed("intel"));
        var dma = new DmaRequest(default, new Iova(Emulated.Layout.IovaBase), DmaAccess.Read);
        var refused = await Assert.ThrowsAsync<InvalidOperationException>(() => Host.Actor.Ask<DmaBatch>(new HostMessages.SendDma(0, [dma]), Patience));
        Assert.Contains("virtual time", refused.Message, StringComparison.Ordinal);
        var fault = await Host.Actor.Ask<FaultMessages.FaultRefused>(new FaultMessages.InjectFault(new Fault(FaultKind.HotUnplug)), Patience);
        Assert.Contains("virtual time", fault.Reason, StringComparison.Ordinal);
        await Start(Specification());
        await Assert.ThrowsAsync<InvalidOperationException>(() => Host.AdvanceAsync(new TimedMessages.Advance()));
        await Assert.ThrowsAsync<InvalidOperationException>(() => Host.GetTimedReportAsync());
    }

    [Theory]
    [InlineData(ActorKind.Translation)]
    [InlineData(ActorKind.Device)]
    public async Task A_crash_leaves_no_batch_behind(ActorKind kind)
    {
        await Start(Timed("arm-smmu-v3"));
        Host.StartWorkload();
        await Host.AdvanceAsync(new TimedMessages.Advance(Dmas: 10_000));
        Host.Actor.Tell(new SupervisionMessages.CrashActor(kind));
        await AwaitConditionAsync(() => Task.FromResult(Emulated.Ownership.ActorRestarts == 1), Patience);
        Assert.True((await Host.AdvanceAsync(new TimedMessages.Advance())).Finished);
        await Host.WaitForWorkloadAsync();
        var statistics = await Host.GetStatisticsAsync();
        Assert.Equal(0, statistics.Violations + statistics.Unchecked);
        Assert.Equal(statistics.Dmas, (await Host.GetTimedReportAsync()).Devices.Sum(device => device.Dmas));
        Assert.InRange(statistics.Dmas, 10_000, kind == ActorKind.Translation ? 40_000 : 39_000);
    }

    [Fact]
    public async Task A_kernels_device_works_over_the_DMA_API_and_its_modes_cost_what_they_protect()
    {
        Dictionary<DmaMode, ProgramReport> reports = [];
        foreach (var (mode, type) in ((DmaMode, Emulator.Hardware.Drivers.DomainType)[])[
            (DmaMode.Strict, Emulator.Hardware.Drivers.DomainType.Dma), (DmaMode.Lazy, Emulator.Hardware.Drivers.DomainType.DmaFlushQueue), (DmaMode.PassThrough, Emulator.Hardware.Drivers.DomainType.Identity)])
        {
            var core = new Emulator.Actors.Core.CoreOptions { Group = new Emulator.Hardware.Core.IommuGroupOptions { DefaultDomainType = type } };
            var workload = new Workload { Program = new NvmeProgram { Ios = 2_000 }, DmaMode = mode };
            await Start(Timed("intel", devices: 1) with { Start = StartsWith.Kernel, Core = core, Tenants = 1, Workload = workload });
            Host.StartWorkload();
            await Host.AdvanceAsync(new TimedMessages.Advance());
            await Host.WaitForWorkloadAsync();
            var statistics = await Host.GetStatisticsAsync();
            Assert.Equal((0, 0), (statistics.Violations, statistics.Aborted));
            var device = Assert.Single((await Host.GetTimedReportAsync()).Devices);
            Assert.Null(device.Problem);
            reports[mode] = device.Program!;
            Assert.Equal((2_000, 2_000 * 4096, 2_000), (device.Program!.Operations, device.Program.Bytes, device.Program.Latencies.Count));
        }

        var (strict, lazy, pass) = (reports[DmaMode.Strict], reports[DmaMode.Lazy], reports[DmaMode.PassThrough]);
        Assert.Equal((2_000, 2_000, 0), (strict.Unmaps, strict.Syncs, strict.Flushes));
        Assert.Equal((2_000, 0), (lazy.Unmaps, lazy.Syncs));
        Assert.InRange(lazy.Flushes, 1, 50);
        Assert.InRange(lazy.LongestExposure, VirtualTime.Nanosecond, 20 * VirtualTime.Millisecond);
        Assert.InRange(lazy.MostExposedDmas, 1, 100_000);
        Assert.Equal((0, 0, 0), (pass.Maps, pass.MapTime, pass.InvalidationTime));
        Assert.True(strict.Elapsed > lazy.Elapsed && lazy.Elapsed >= pass.Elapsed, $"{strict.Elapsed} {lazy.Elapsed} {pass.Elapsed}");
    }

    [Fact]
    public async Task A_program_that_its_driver_cannot_serve_says_why()
    {
        await Start(Timed("tegra-gart", devices: 1) with { DevicesPerGroup = null, Start = StartsWith.Kernel, Tenants = 1, BufferSize = 4 << 20, Workload = new Workload { Program = new RingProgram() } });
        Host.StartWorkload();
        Assert.True((await Host.AdvanceAsync(new TimedMessages.Advance())).Finished);
        await Host.WaitForWorkloadAsync();
        Assert.Contains("no default domain", (await Host.GetTimedReportAsync()).Devices[0].Problem, StringComparison.Ordinal);
        Assert.Throws<ArgumentException>(() => Timed("intel") with { Workload = new Workload { Program = new RingProgram() } } is var tenants ? Build(tenants) : null);
    }
}
