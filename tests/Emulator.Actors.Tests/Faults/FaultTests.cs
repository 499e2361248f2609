using Akka.Actor;
using Emulator.Actors.Devices;
using Emulator.Actors.Faults;
using Emulator.Actors.Hosts;
using Emulator.Actors.Isolation;
using Emulator.Actors.Ownership;
using Emulator.Hardware.Drivers;
using Emulator.Hardware.Iommus;

namespace Emulator.Actors.Tests.Faults;

public sealed class FaultTests : HostTest
{
    private static readonly TimeSpan Short = TimeSpan.FromMilliseconds(20);

    [Fact]
    public async Task A_dropped_invalidation_leaves_the_old_owners_memory_reachable_after_the_change()
    {
        await StartSysMmu();
        await RunWorkload();
        await Inject(new Fault(FaultKind.InvalidationDropped) { Count = 1_000 });
        Assert.IsType<HostMessages.Reassigned>(await Host.ReassignAsync(0, B));
        var statistics = await RunWorkload();
        Assert.True(statistics.Violations > 0);
        Assert.All(statistics.FirstViolations, violation => Assert.Equal(ViolationKinds.OldDomain, violation.Kind));
        Assert.True(FaultCatalog.Of(FaultKind.InvalidationDropped).Explains.HasFlag(ViolationKinds.OldDomain));
    }

    [Fact]
    public async Task A_late_invalidation_does_no_harm_once_it_is_carried_out()
    {
        await StartSysMmu();
        await RunWorkload();
        var iotlb = Emulated.Platform.Bus.Units[0].Iotlb!;
        var dropped = iotlb.Invalidated;
        await Inject(new Fault(FaultKind.InvalidationDelayed) { Count = 1_000, Duration = Short });
        Assert.IsType<HostMessages.Reassigned>(await Host.ReassignAsync(0, B));
        await AwaitConditionAsync(() => Task.FromResult(iotlb.Invalidated > dropped), Patience);
        Assert.Equal(0, (await RunWorkload()).Violations);
    }

    [Theory]
    [InlineData(Errno.EBUSY, 0)]
    [InlineData(Errno.ENOMEM, 1)]
    [InlineData(Errno.EIO, 3)]
    [InlineData(Errno.ETIMEDOUT, 1_000)]
    public async Task An_attach_that_fails_at_a_step_leaves_the_group_blocked_and_the_next_one_succeeds(Errno errno, int step)
    {
        await StartSmmu();
        await Inject(new Fault(FaultKind.AttachFails) { Errno = errno, Step = step });
        Assert.Contains($"-{errno}", Assert.IsType<HostMessages.ReassignmentFailed>(await Host.ReassignAsync(0, B)).Reason, StringComparison.Ordinal);
        await AwaitConditionAsync(() => Task.FromResult(Emulated.Tenures[0].State == OwnershipState.Blocked), Patience);
        Assert.Equal((0L, 0L), Completed(await RunWorkload()));
        Assert.IsType<HostMessages.Reassigned>(await Host.ReassignAsync(0, B));
        Assert.Equal(0, (await RunWorkload()).Violations);
    }

    [Fact]
    public async Task A_reset_IOMMU_lets_DMA_through_untranslated_and_the_witness_says_so()
    {
        await StartSmmu();
        await Inject(new Fault(FaultKind.IommuReset));
        var statistics = await RunWorkload();
        Assert.Contains(statistics.FirstViolations, violation => violation.Kind == ViolationKinds.Identity);
    }

    [Fact]
    public async Task Lost_register_writes_never_reach_the_silicon()
    {
        await StartSmmu();
        await Inject(new Fault(FaultKind.RegisterWriteLost) { Count = 2 });
        await Host.ReassignAsync(0, B);
        Assert.Equal(0, Emulated.Platform.Bus.Faults!.RegisterWritesToLose);
    }

    [Fact]
    public async Task A_change_waits_for_a_stuck_command_queue_or_fails_but_the_group_is_blocked_or_attached_by_the_book()
    {
        await StartSmmu();
        await Inject(new Fault(FaultKind.CommandQueueStuck) { Duration = Short });
        await Host.ReassignAsync(0, B);
        await AwaitConditionAsync(() => Task.FromResult(!Emulated.Platform.Bus.Faults!.IsStuck), Patience);
        Assert.IsType<HostMessages.Reassigned>(await Host.ReassignAsync(0, A));
        Assert.Equal(0, (await RunWorkload()).Violations);
    }

    [Fact]
    public async Task A_sequence_that_nothing_answers_fails_the_change_or_is_noticed_by_nobody_but_the_next_one_puts_it_right()
    {
        await StartSmmu();
        await Inject(new Fault(FaultKind.InvalidationTimedOut));
        await Host.ReassignAsync(0, B);
        Assert.IsType<HostMessages.Reassigned>(await Host.ReassignAsync(0, A));
        Assert.Equal(0, (await RunWorkload()).Violations);
    }

    [Fact]
    public async Task A_fence_waits_in_line_with_DMA_while_the_walker_stalls()
    {
        await StartSmmu();
        Host.StartWorkload();
        await Inject(new Fault(FaultKind.WalkerStall) { Duration = Short });
        Assert.IsType<HostMessages.Reassigned>(await Host.ReassignAsync(0, B));
        await Host.WaitForWorkloadAsync();
        var statistics = await Host.GetStatisticsAsync();
        Assert.Equal((0L, statistics.Devices.Count * 100_000L), (statistics.Violations, statistics.Dmas));
    }

    [Fact]
    public async Task Events_that_nobody_takes_are_lost_as_the_IOMMU_loses_them_and_the_group_stays_blocked()
    {
        await StartSmmu();
        await Host.Actor.Ask<HostMessages.GroupBlocked>(new HostMessages.BlockGroup(0), Patience);
        await Inject(new Fault(FaultKind.EventQueueFull) { Duration = Short });
        var statistics = await RunWorkload();
        Assert.Equal((0L, 0L), (statistics.Violations, statistics.Devices[0].Completed));
    }

    [Fact]
    public async Task A_forged_requester_id_is_taken_for_the_neighbours()
    {
        await StartSmmu();
        await Inject(new Fault(FaultKind.ForgedRequesterId) { Target = 0, Count = 1 });
        var statistics = await RunWorkload();
        Assert.Equal(DmaBatch.Capacity, statistics.Violations);
        Assert.All(statistics.FirstViolations, violation => Assert.Equal((0, ViolationKinds.ForeignMemory, B), (violation.Device, violation.Kind, violation.FrameOwner)));
    }

    [Fact]
    public async Task Addresses_that_a_device_calls_translated_are_refused_where_ATS_is_off()
    {
        await StartSmmu();
        await Inject(new Fault(FaultKind.LyingAts) { Target = 0, Count = 1 });
        var statistics = await RunWorkload();
        Assert.Equal((0L, (long)DmaBatch.Capacity), (statistics.Violations, statistics.Devices[0].Aborted));
    }

    [Fact]
    public async Task A_device_that_was_pulled_out_sends_nothing_more_and_its_group_can_still_change_owners()
    {
        await StartSmmu();
        Host.StartWorkload();
        await Inject(new Fault(FaultKind.HotUnplug) { Target = 0 });
        await Host.WaitForWorkloadAsync();
        Assert.IsType<HostMessages.Reassigned>(await Host.ReassignAsync(0, B));
        var before = await Host.GetStatisticsAsync();
        Host.StartWorkload();
        await Host.WaitForWorkloadAsync();
        var after = await Host.GetStatisticsAsync();
        Assert.Equal((0L, before.Devices[0].Dmas), (after.Violations, after.Devices[0].Dmas));
    }

    [Fact]
    public async Task DMA_that_never_completes_is_given_up_after_the_limit()
    {
        await StartSmmu();
        await Inject(new Fault(FaultKind.NeverCompletes) { Target = 0 });
        await RunWorkload();
        Assert.IsType<HostMessages.Reassigned>(await Host.ReassignAsync(0, B));
        var statistics = await Host.GetStatisticsAsync();
        Assert.Equal((DmaBatch.Capacity, 0L), (statistics.Abandoned, statistics.Violations));
    }

    [Fact]
    public async Task A_device_that_keeps_sending_ignores_that_it_was_stopped()
    {
        await StartSmmu();
        await Inject(new Fault(FaultKind.KeepsSending) { Target = 1 });
        Host.StartWorkload();
        Host.StopWorkload();
        await Host.WaitForWorkloadAsync();
        var devices = (await Host.GetStatisticsAsync()).Devices;
        Assert.True(devices[0].Dmas < 100_000);
        Assert.Equal(100_000, devices[1].Dmas);
    }

    [Fact]
    public async Task A_bit_of_a_table_turns_over_in_memory()
    {
        await StartSmmu();
        var before = Tables();
        await Inject(new Fault(FaultKind.TableBitFlip) { Random = 0x1234_5678_9abc_def0 });
        await Host.GetStatisticsAsync();
        Assert.Equal(1, Tables().Zip(before, (now, then) => System.Numerics.BitOperations.PopCount(now ^ then)).Sum());
    }

    [Fact]
    public async Task A_write_that_is_overtaken_takes_place_after_the_next()
    {
        await StartSmmu();
        await Inject(new Fault(FaultKind.StepsSwapped) { Count = 1 });
        Assert.IsType<HostMessages.Reassigned>(await Host.ReassignAsync(0, B));
        Assert.Equal(0, Emulated.Platform.Bus.Faults!.WritesToSwap);
    }

    [Fact]
    public async Task Every_actor_can_be_restarted_by_number()
    {
        await StartSmmu();
        for (var actor = 0; actor < 9; actor++)
            await Inject(new Fault(FaultKind.ActorRestart) { Target = actor });
        await AwaitConditionAsync(() => Task.FromResult(Emulated.Ownership.ActorRestarts == 9), Patience);
        await AwaitConditionAsync(() => Task.FromResult(Emulated.Tenures.All(tenure => tenure.State == OwnershipState.Blocked)), Patience);
    }

    [Theory]
    [InlineData(FaultKind.MessageLost)]
    [InlineData(FaultKind.MessageDuplicated)]
    [InlineData(FaultKind.MessageReordered)]
    [InlineData(FaultKind.MessageLate)]
    [InlineData(FaultKind.ActorCrash)]
    [InlineData(FaultKind.ActorSlow)]
    [InlineData(FaultKind.HostCrash)]
    public async Task What_needs_a_simulation_is_refused_without_one(FaultKind kind)
    {
        await StartSmmu();
        Assert.IsType<FaultMessages.FaultRefused>(await Host.Actor.Ask(new FaultMessages.InjectFault(new Fault(kind)), Patience));
    }

    [Fact]
    public void The_catalogue_names_every_kind_once_in_its_order()
    {
        Assert.Equal(Enum.GetValues<FaultKind>(), FaultCatalog.All.Select(description => description.Kind));
        Assert.Equal(FaultCatalog.All.Count, FaultCatalog.All.Select(description => description.Name).Distinct().Count());
        Assert.Null(FaultCatalog.Find("no-such-fault"));
        Assert.Equal("attach-fails, 1 attaches, -EBUSY at step 2", new Fault(FaultKind.AttachFails) { Errno = Errno.EBUSY, Step = 2 }.ToString());
        Assert.Equal("invalidation-delayed on IOMMU 0, 1 invalidations, 1 ms", new Fault(FaultKind.InvalidationDelayed).ToString());
    }

    private Task StartSmmu() => Start(Specification(BlockingStrategy.Native) with { Room = IommuCatalog.Find("arm-smmu-v3")!, Variant = null, Kernel = KernelVersion.Linux612, HeldDmaLimit = Short });

    // Its TLB has no tags: what the first owner's DMA has filled is gone only when it is flushed.
    private Task StartSysMmu() => Start(Specification(BlockingStrategy.Empty) with { Room = IommuCatalog.Find("exynos")!, Variant = null, BufferSize = 64 << 10 });

    private async Task<HostStatistics> RunWorkload()
    {
        Host.StartWorkload();
        await Host.WaitForWorkloadAsync();
        return await Host.GetStatisticsAsync();
    }

    private async Task Inject(Fault fault) =>
        Assert.IsType<FaultMessages.FaultInjected>(await Host.Actor.Ask(new FaultMessages.InjectFault(fault), Patience));

    private static (long Completed, long Violations) Completed(HostStatistics statistics) => (statistics.Devices[0].Completed, statistics.Violations);

    private List<ulong> Tables()
    {
        var words = new List<ulong>();
        for (var address = Emulated.Platform.Frames.Start; address < Emulated.Platform.Frames.End; address += sizeof(ulong))
            words.Add(Memory.Read64(address));
        return words;
    }
}
