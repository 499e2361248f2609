using Emulator.Actors.Coordination;
using Emulator.Actors.Hosts;
using Emulator.Actors.Ownership;
using Emulator.Hardware.Memory;

namespace Emulator.Actors.Tests.Coordination;

/// <summary>Coordinators and hosts that go and come back.</summary>
public sealed class RecoveryTests : CoordinatorTest
{
    [Theory]
    [InlineData(1)]
    [InlineData(1000)]
    public void A_new_coordinator_restores_the_owners_under_younger_epochs_and_knows_the_outcomes(int snapshotEvery)
    {
        Options = Options with { SnapshotEvery = snapshotEvery };
        StartCoordinator();
        JoinFirst();
        Ask(Change("1", 0, B));
        AnswerReassign();
        var outcome = ExpectOutcome();

        StartCoordinator();
        Assert.Equal((B, outcome.Epoch, false), (Owners()[0].Owner, Owners()[0].Epoch, Owners()[0].InForce));
        Ask(Change("2", 0, A));
        ExpectRefusal("is away");
        Join();
        var restored = AnswerReassign();
        Assert.Equal((0, B), (restored.Group, restored.ToTenant));
        Assert.True(restored.AtLeast > outcome.Epoch);
        Assert.Equal(restored.AtLeast, AnswerBlock());
        Ask(Change("1", 0, B));
        Assert.Equal(outcome, ExpectOutcome());
        Assert.All(Owners(), owner => Assert.True(owner.InForce));
    }

    [Fact]
    public void A_change_that_was_decided_is_completed_once_after_a_restart()
    {
        StartCoordinator();
        JoinFirst();
        Ask(Change("1", 0, B));
        var told = PlayedHost.ExpectMsg<HostMessages.Reassign>();

        StartCoordinator();
        Ask(Change("1", 0, B));
        Join();
        var again = AnswerReassign();
        Assert.True(again.AtLeast > told.AtLeast.Next);
        AnswerBlock();
        Assert.Equal(again.AtLeast.Next, ExpectOutcome().Epoch);

        // The answer to the first attempt comes late: nobody waits for it.
        Complete(told);
        Assert.Equal(again.AtLeast.Next, Owners()[0].Epoch);
        PlayedHost.ExpectNoMsg(TimeSpan.FromMilliseconds(50));
    }

    [Fact]
    public void A_decided_change_that_the_host_refuses_after_a_restart_is_failed()
    {
        StartCoordinator();
        JoinFirst();
        Ask(Change("1", 0, B));
        PlayedHost.ExpectMsg<HostMessages.Reassign>();

        StartCoordinator();
        Join();
        var again = PlayedHost.ExpectMsg<HostMessages.Reassign>();
        AnswerBlock();
        Coordinator.Tell(new HostMessages.ReassignmentFailed(HostName, 0, OwnershipState.Blocking, again.AtLeast, "ETIMEDOUT"), PlayedHost);
        AnswerBlock();
        Ask(Change("1", 0, B));
        Assert.Equal(ChangeResult.Failed, ExpectOutcome().Result);
    }

    [Fact]
    public void A_host_that_is_lost_in_mid_change_completes_it_when_it_joins_again()
    {
        StartCoordinator();
        var floor = JoinFirst();
        Ask(Change("1", 0, A), Change("2", 0, B));
        PlayedHost.ExpectMsg<HostMessages.Reassign>();
        Sys.Stop(PlayedHost);
        AwaitCondition(() => !Owners()[1].InForce);
        Ask(Change("3", 1, A));
        ExpectRefusal("is away");

        PlayedHost = CreateTestProbe();
        Join();
        var again = AnswerReassign();
        Assert.Equal((0, A), (again.Group, again.ToTenant));
        Assert.True(again.AtLeast > floor.Next);
        AnswerBlock();
        var outcomes = ExpectMsg<CoordinationMessages.ChangesEnded>().Outcomes;
        Assert.Equal([ChangeResult.Completed, ChangeResult.Refused], outcomes.Select(outcome => outcome.Result));
    }

    [Fact]
    public void A_host_that_joins_again_without_having_left_is_restored_and_late_answers_count_for_nothing()
    {
        StartCoordinator();
        JoinFirst();
        Ask(Change("1", 0, B));
        var told = PlayedHost.ExpectMsg<HostMessages.Reassign>();
        Join();
        var again = PlayedHost.ExpectMsg<HostMessages.Reassign>();
        Complete(told);
        ExpectNoMsg(TimeSpan.FromMilliseconds(50));
        Complete(again);
        Assert.Equal(again.AtLeast.Next, ExpectOutcome().Epoch);
    }

    [Fact]
    public void An_owner_that_the_host_has_lost_is_restored_and_tried_again_when_that_fails()
    {
        StartCoordinator();
        JoinFirst();
        Ask(Change("1", 0, B));
        AnswerReassign();
        var epoch = ExpectOutcome().Epoch;
        Coordinator.Tell(new HostMessages.OwnerLost(HostName, 0, epoch.Next), PlayedHost);
        PlayedHost.ExpectMsg<HostMessages.Reassign>(told => told.ToTenant == B && told.AtLeast == epoch);
        Coordinator.Tell(new HostMessages.ReassignmentFailed(HostName, 0, OwnershipState.Attaching, epoch.Next, "EBUSY"), PlayedHost);
        var again = AnswerReassign();
        Assert.Equal((B, epoch.Next), (again.ToTenant, again.AtLeast));
        AwaitAssert(() => Assert.Equal((B, true), (Owners()[0].Owner, Owners()[0].InForce)));
        Coordinator.Tell(new HostMessages.OwnerLost(HostName, 0, epoch), PlayedHost);
        PlayedHost.ExpectNoMsg(TimeSpan.FromMilliseconds(100));
    }

    [Fact]
    public void Restoring_keeps_to_the_number_in_flight()
    {
        Options = Options with { MaxChangesInFlight = 1 };
        StartCoordinator();
        Join();
        PlayedHost.ExpectMsg<HostMessages.BlockGroup>();
        PlayedHost.ExpectNoMsg(TimeSpan.FromMilliseconds(50));
        Coordinator.Tell(new HostMessages.GroupBlocked(HostName, 0, new Epoch(1)), PlayedHost);
        AnswerBlock();
        Assert.All(Owners(), owner => Assert.Equal(OwnerTag.None, owner.Owner));
    }
}
