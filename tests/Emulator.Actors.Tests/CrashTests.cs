using Akka.Actor;
using Emulator.Actors.Devices;
using Emulator.Actors.Hosts;
using Emulator.Actors.Ownership;
using Emulator.Actors.Programming;
using Emulator.Actors.Tests.Flat;

namespace Emulator.Actors.Tests;

public sealed class CrashTests : HostTest
{
    public static TheoryData<ActorKind, OwnershipState, BlockingStrategy> EveryKindInEveryPhase()
    {
        var data = new TheoryData<ActorKind, OwnershipState, BlockingStrategy>();
        foreach (var kind in Enum.GetValues<ActorKind>())
        {
            data.Add(kind, OwnershipState.Blocking, BlockingStrategy.Native);
            data.Add(kind, OwnershipState.Attaching, BlockingStrategy.Native);
            data.Add(kind, OwnershipState.Attaching, BlockingStrategy.Empty);
            data.Add(kind, OwnershipState.Attaching, BlockingStrategy.Detach);
        }

        return data;
    }

    [Theory]
    [MemberData(nameof(EveryKindInEveryPhase))]
    public async Task After_a_crash_in_mid_change_the_group_comes_back_blocked_and_stays_so(ActorKind kind, OwnershipState phase, BlockingStrategy strategy)
    {
        var gate = phase == OwnershipState.Blocking ? FlatDriver.BlockGate : FlatDriver.AttachGate;
        await Start(Specification(strategy) with { Pacing = DriverPacing.StepByStep, Workload = new Workload { TotalDmas = 200_000, Credits = 2 } });
        Sys.EventStream.Subscribe(TestActor, typeof(OwnershipChanged));
        Hold(gate);
        Host.StartWorkload();
        var change = Host.ReassignAsync(0, B);
        FishForMessage<OwnershipChanged>(changed => changed.Group == 0 && changed.State == phase);

        Host.Actor.Tell(new SupervisionMessages.CrashActor(kind, kind == ActorKind.Domain ? 1 : 0));
        await AwaitConditionAsync(() => Task.FromResult(Emulated.Ownership.ActorRestarts == 1), Patience);
        Release(gate);

        Assert.IsType<HostMessages.ReassignmentFailed>(await change);
        var blocked = FishForMessage<OwnershipChanged>(changed => changed.Group == 0 && changed.State == OwnershipState.Blocked && changed.Epoch > new Epoch(2));
        await Host.WaitForWorkloadAsync();
        Assert.Equal(new HostMessages.GroupBlocked(blocked.Host, 0, blocked.Epoch), await Host.Actor.Ask<HostMessages.GroupBlocked>(new HostMessages.BlockGroup(0), Patience));
        var statistics = await Host.GetStatisticsAsync();
        Assert.Equal(0, statistics.Violations);

        Assert.Equal(B, Assert.IsType<HostMessages.Reassigned>(await Host.ReassignAsync(0, B)).Tenant);
    }

    [Fact]
    public async Task A_crash_of_the_silicons_actor_loses_no_credit()
    {
        await Start(Specification() with { Workload = new Workload { TotalDmas = 500_000, Credits = 4 } });
        Host.StartWorkload();
        for (var crash = 1; crash <= 3; crash++)
        {
            Host.Actor.Tell(new SupervisionMessages.CrashActor(ActorKind.Translation));
            await AwaitConditionAsync(() => Task.FromResult(Emulated.Ownership.ActorRestarts == crash), Patience);
        }

        await Host.WaitForWorkloadAsync();
        Assert.Equal(1_000_000, (await Host.GetStatisticsAsync()).Dmas);
    }

    [Fact]
    public async Task A_crash_of_a_domain_blocks_only_the_groups_that_are_with_it()
    {
        await Start(Specification());
        Sys.EventStream.Subscribe(TestActor, typeof(OwnershipChanged));
        Host.Actor.Tell(new SupervisionMessages.CrashActor(ActorKind.Domain, 1));
        FishForMessage<OwnershipChanged>(changed => changed.Group == 1 && changed.State == OwnershipState.Blocked);
        Assert.Equal(OwnershipState.Attached, Emulated.Tenures[0].State);
    }

    [Fact]
    public async Task A_crash_of_a_group_that_nobody_has_changed_blocks_it()
    {
        await Start(Specification());
        Sys.EventStream.Subscribe(TestActor, typeof(OwnershipChanged));
        Host.Actor.Tell(new SupervisionMessages.CrashActor(ActorKind.Group, 1));
        var blocked = FishForMessage<OwnershipChanged>(changed => changed.State == OwnershipState.Blocked);
        Assert.Equal((1, new Epoch(2)), (blocked.Group, blocked.Epoch));
    }
}
