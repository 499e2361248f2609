using Akka.Actor;
using Emulator.Actors.Hosts;
using Emulator.Actors.Ownership;
using Emulator.Actors.Programming;
using Emulator.Actors.Tests.Flat;
using Emulator.Hardware.Iommus;
using Emulator.Hardware.Memory;

namespace Emulator.Actors.Tests;

public sealed class OwnershipFailureTests : HostTest
{
    [Fact]
    public async Task An_interrupt_handler_that_stops_is_counted_with_its_message_and_changes_go_on()
    {
        await Start(Specification(variant: FlatRoom.HandlerStops));
        await Host.Actor.Ask<HostMessages.GroupBlocked>(new HostMessages.BlockGroup(0), Patience);
        Host.StartWorkload();
        await Host.WaitForWorkloadAsync();
        Assert.IsType<HostMessages.Reassigned>(await Host.ReassignAsync(0, B));
        await AwaitConditionAsync(() => Task.FromResult(Emulated.InterruptFailures.Count > 0), Patience);
        var statistics = await Host.GetStatisticsAsync();
        Assert.Equal(("BUG in the handler", 0), (statistics.FirstInterruptFailure, statistics.ActorRestarts));
        // Not once for each DMA that was refused: the interrupt waits until a group is programmed again.
        Assert.InRange(statistics.InterruptFailures, 1, 3);
    }

    [Fact]
    public async Task A_host_with_more_domains_than_identifiers_does_not_start_and_says_why()
    {
        Launch(Specification(BlockingStrategy.Empty) with { Room = IommuCatalog.Find("tegra-smmu")!, Variant = "tegra30", Devices = 4 });
        var error = await Assert.ThrowsAsync<InvalidOperationException>(() => Host.WaitUntilStartedAsync());
        Assert.Contains("-ENOSPC", error.Message, StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_group_whose_blocking_fails_is_not_reassigned_and_not_called_blocked()
    {
        await Start(Specification());
        Hold(FlatDriver.BlockFails);
        var failed = Assert.IsType<HostMessages.ReassignmentFailed>(await Host.ReassignAsync(0, B));
        Assert.Equal(OwnershipState.Blocking, failed.State);
        Assert.Contains("ETIMEDOUT", failed.Reason, StringComparison.Ordinal);

        Release(FlatDriver.BlockFails);
        Assert.IsType<HostMessages.Reassigned>(await Host.ReassignAsync(0, B));
    }

    [Fact]
    public async Task A_group_whose_attaching_fails_is_blocked_again()
    {
        await Start(Specification());
        Sys.EventStream.Subscribe(TestActor, typeof(OwnershipChanged));
        Hold(FlatDriver.AttachFails);
        Assert.Contains("EBUSY", Assert.IsType<HostMessages.ReassignmentFailed>(await Host.ReassignAsync(0, B)).Reason, StringComparison.Ordinal);
        FishForMessage<OwnershipChanged>(changed => changed.State == OwnershipState.Blocked && changed.Epoch == new Epoch(3));
        Assert.Equal(1, (await Host.GetStatisticsAsync()).ReassignmentsFailed);
    }

    [Fact]
    public async Task While_a_change_goes_on_another_is_refused()
    {
        await Start(Specification() with { Pacing = DriverPacing.StepByStep });
        Hold(FlatDriver.BlockGate);
        var first = Host.ReassignAsync(0, B);
        Assert.Contains("going on", Assert.IsType<HostMessages.ReassignmentFailed>(await Host.ReassignAsync(0, A)).Reason, StringComparison.Ordinal);
        Release(FlatDriver.BlockGate);
        Assert.IsType<HostMessages.Reassigned>(await first);
    }

    [Fact]
    public async Task A_group_that_was_blocked_by_order_stays_blocked_until_it_is_reassigned()
    {
        await Start(Specification());
        var blocked = await Host.Actor.Ask<HostMessages.GroupBlocked>(new HostMessages.BlockGroup(0), Patience);
        Assert.Equal(new Epoch(2), blocked.Epoch);
        Assert.Equal(OwnershipState.Blocked, Emulated.Tenures[0].State);
        var reassigned = Assert.IsType<HostMessages.Reassigned>(await Host.ReassignAsync(0, A));
        Assert.Equal(new Epoch(2), reassigned.Epoch);
    }

    [Theory]
    [InlineData(-1, 1, "has 2 groups")]
    [InlineData(2, 1, "has 2 groups")]
    [InlineData(0, 3, "is no tenant")]
    [InlineData(0, 0, "is no tenant")]
    public async Task A_group_or_tenant_that_does_not_exist_is_refused(int group, int tenant, string reason)
    {
        await Start(Specification());
        Assert.Contains(reason, Assert.IsType<HostMessages.ReassignmentFailed>(await Host.ReassignAsync(group, new OwnerTag(tenant))).Reason, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Native_blocking_is_refused_where_the_driver_has_none()
    {
        Launch(Specification(BlockingStrategy.Native, FlatRoom.NoNativeBlocking));
        var error = await Assert.ThrowsAsync<InvalidOperationException>(() => Host.WaitUntilStartedAsync());
        Assert.Contains("no blocking domain of its own", error.Message, StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_device_that_the_driver_refuses_fails_the_start_and_crashes_nobody()
    {
        Launch(Specification(variant: FlatRoom.RefusesDevices));
        var error = await Assert.ThrowsAsync<InvalidOperationException>(() => Host.WaitUntilStartedAsync());
        Assert.Contains("device-0 is not behind this IOMMU", error.Message, StringComparison.Ordinal);
        Assert.Equal(0, (await Host.GetStatisticsAsync()).ActorRestarts);
    }

    [Fact]
    public async Task A_group_that_has_an_owner_cannot_be_claimed()
    {
        await Start(Specification());
        var answer = await Host.Actor.Ask<HostMessages.ReassignmentFailed>(new HostMessages.ClaimGroup(0, B), Patience);
        Assert.Equal(OwnershipState.Attached, answer.State);
    }
}
