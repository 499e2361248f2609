using Emulator.Actors.Coordination;
using Emulator.Actors.Hosts;
using Emulator.Actors.Ownership;
using Emulator.Hardware.Memory;
using static Emulator.Actors.Coordination.CoordinationMessages;

namespace Emulator.Actors.Tests.Coordination;

/// <summary>Changes, while nothing is lost.</summary>
public sealed class ChangeTests : CoordinatorTest
{
    [Fact]
    public void A_change_is_told_to_the_host_and_its_epoch_to_the_requester()
    {
        StartCoordinator();
        var floor = JoinFirst();
        Ask(Change("1", 0, B));
        var told = AnswerReassign();
        Assert.Equal((0, B, floor), (told.Group, told.ToTenant, told.AtLeast));
        Assert.Equal(new ChangeOutcome(Change("1", 0, B), ChangeResult.Completed, floor.Next, null), ExpectOutcome());
        Assert.Equal([new GroupOwner(HostName, 0, B, floor.Next, true), new GroupOwner(HostName, 1, OwnerTag.None, floor, true)], Owners());
    }

    [Fact]
    public void A_group_is_blocked_by_order()
    {
        StartCoordinator();
        JoinFirst();
        Ask(Change("1", 0, B));
        AnswerReassign();
        var completed = ExpectOutcome();
        Ask(Change("2", 0, OwnerTag.None));
        Assert.Equal(completed.Epoch, AnswerBlock());
        Assert.Equal(ChangeResult.Completed, ExpectOutcome().Result);
        Assert.Equal(OwnerTag.None, Owners()[0].Owner);
    }

    [Fact]
    public void An_id_that_comes_again_is_answered_with_the_recorded_outcome()
    {
        StartCoordinator();
        JoinFirst();
        Ask(Change("1", 0, B));
        AnswerReassign();
        var first = ExpectOutcome();
        Ask(Change("1", 0, B));
        Assert.Equal(first, ExpectOutcome());
        Ask(Change("1", 0, A));
        ExpectRefusal("the id was given to another change");
        PlayedHost.ExpectNoMsg(TimeSpan.FromMilliseconds(50));
    }

    [Fact]
    public void Who_asks_again_while_the_change_goes_on_waits_for_that_one()
    {
        StartCoordinator();
        JoinFirst();
        Ask(Change("1", 0, B), Change("1", 0, B));
        Ask(Change("1", 0, B));
        AnswerReassign();
        Assert.Equal(2, ExpectMsg<ChangesEnded>().Outcomes.Count(outcome => outcome.Result == ChangeResult.Completed));
        Assert.Equal(ChangeResult.Completed, ExpectOutcome().Result);
        PlayedHost.ExpectNoMsg(TimeSpan.FromMilliseconds(50));
    }

    [Fact]
    public void A_group_has_one_change_at_a_time_and_others_go_on_beside_it()
    {
        StartCoordinator();
        JoinFirst();
        Ask(Change("1", 0, A), Change("2", 0, B), Change("3", 1, B));
        var first = PlayedHost.ExpectMsg<HostMessages.Reassign>(told => told.Group == 0 && told.ToTenant == A);
        AnswerReassign();
        PlayedHost.ExpectNoMsg(TimeSpan.FromMilliseconds(50));
        Complete(first);
        Assert.Equal((0, B), (PlayedHost.ExpectMsg<HostMessages.Reassign>() is var second ? second.Group : -1, second.ToTenant));
        Complete(second);
        var outcomes = ExpectMsg<ChangesEnded>().Outcomes;
        Assert.Equal(["1", "2", "3"], outcomes.Select(outcome => outcome.Change.Id));
        Assert.True(outcomes[0].Epoch < outcomes[1].Epoch);
    }

    [Fact]
    public void No_more_changes_are_in_flight_than_allowed_and_a_full_queue_refuses()
    {
        Options = Options with { MaxChangesInFlight = 2, MaxChangesWaiting = 3 };
        StartCoordinator();
        JoinFirst(8);
        Ask([.. Enumerable.Range(0, 8).Select(group => Change($"{group}", group, A))]);
        var told = PlayedHost.ReceiveN(2);
        PlayedHost.ExpectNoMsg(TimeSpan.FromMilliseconds(50));
        foreach (var reassign in told)
            Complete((HostMessages.Reassign)reassign);
        for (var group = 2; group < 5; group++)
            Assert.Equal(group, AnswerReassign().Group);
        var outcomes = ExpectMsg<ChangesEnded>().Outcomes;
        Assert.All(outcomes.Take(5), outcome => Assert.Equal(ChangeResult.Completed, outcome.Result));
        Assert.All(outcomes.Skip(5), outcome => Assert.Equal((ChangeResult.Refused, "the queue is full: 3 changes wait"), (outcome.Result, outcome.Reason!)));
        Ask(Change("7", 7, A));
        AnswerReassign();
        Assert.Equal(ChangeResult.Completed, ExpectOutcome().Result);
    }

    [Fact]
    public void What_the_host_refuses_is_failed_and_blocked_and_never_tried_again()
    {
        StartCoordinator();
        JoinFirst();
        Ask(Change("1", 0, B));
        var told = PlayedHost.ExpectMsg<HostMessages.Reassign>();
        Coordinator.Tell(new HostMessages.ReassignmentFailed(HostName, 0, OwnershipState.Attaching, told.AtLeast.Next, "EBUSY"), PlayedHost);
        var outcome = ExpectOutcome();
        Assert.Equal((ChangeResult.Failed, "EBUSY", told.AtLeast.Next), (outcome.Result, outcome.Reason!, outcome.Epoch));
        Assert.Equal(told.AtLeast.Next, AnswerBlock());
        Assert.Equal(new GroupOwner(HostName, 0, OwnerTag.None, told.AtLeast.Next, true), Owners()[0]);
        Ask(Change("1", 0, B));
        Assert.Equal(outcome, ExpectOutcome());
    }

    [Theory]
    [InlineData("", HostName, 0, 1, "1 to 200 characters")]
    [InlineData("1", "elsewhere", 0, 1, "no host elsewhere")]
    [InlineData("1", HostName, 2, 1, "no such group")]
    [InlineData("1", HostName, -1, 1, "no such group")]
    [InlineData("1", HostName, 0, 3, "no tenant")]
    [InlineData("1", HostName, 0, -1, "no tenant")]
    public void What_is_not_there_is_refused(string id, string host, int group, int tenant, string reason)
    {
        StartCoordinator();
        JoinFirst();
        Ask(new OwnerChange(id, host, group, new OwnerTag(tenant)));
        ExpectRefusal(reason);
    }

    [Fact]
    public void A_device_moves_with_its_group_and_a_host_with_all_of_them()
    {
        StartCoordinator();
        Coordinator.Tell(new HostMessages.HostJoined(HostName, PlayedHost, 4, 2, 2), PlayedHost);
        AnswerBlock();
        AnswerBlock();
        Coordinator.Tell(new ChangeDeviceOwner("1", HostName, 3, A), TestActor);
        Assert.Equal(1, AnswerReassign().Group);
        Assert.Equal(1, ExpectOutcome().Change.Group);
        Coordinator.Tell(new ChangeDeviceOwner("2", HostName, 4, A), TestActor);
        ExpectRefusal("no such group or device");
        Coordinator.Tell(new ChangeHostOwner("3", HostName, B), TestActor);
        AnswerReassign();
        AnswerReassign();
        Assert.Equal(["3/0", "3/1"], ExpectMsg<ChangesEnded>().Outcomes.Select(outcome => outcome.Change.Id));
        Coordinator.Tell(new ChangeHostOwner("4", "elsewhere", B), TestActor);
        ExpectRefusal("no host elsewhere");
        Ask();
        Assert.Empty(ExpectMsg<ChangesEnded>().Outcomes);
    }

    [Fact]
    public void The_oldest_outcome_is_forgotten()
    {
        Options = Options with { OutcomesKept = 1 };
        StartCoordinator();
        JoinFirst();
        foreach (var id in (string[])["1", "2", "1"])
        {
            Ask(Change(id, 0, B));
            AnswerReassign();
            ExpectOutcome();
        }
    }

    [Fact]
    public void An_option_outside_its_limits_is_named()
    {
        foreach (var (named, options) in new (string, CoordinatorOptions)[]
        {
            ("in flight", Options with { MaxChangesInFlight = 0 }),
            ("waiting", Options with { MaxChangesWaiting = 0 }),
            ("snapshot", Options with { SnapshotEvery = 0 }),
            ("outcomes", Options with { OutcomesKept = 0 }),
            ("restore interval", Options with { RestoreInterval = TimeSpan.Zero }),
            ("persistence id", Options with { PersistenceId = "" }),
        })
        {
            Assert.Contains(named, Assert.Throws<ArgumentException>(options.Validate).Message, StringComparison.Ordinal);
        }
    }
}
