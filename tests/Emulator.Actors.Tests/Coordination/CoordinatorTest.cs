using Akka.Actor;
using Akka.Configuration;
using Akka.TestKit;
using Akka.TestKit.Xunit2;
using Emulator.Actors.Coordination;
using Emulator.Actors.Hosting;
using Emulator.Actors.Hosts;
using Emulator.Actors.Ownership;
using Emulator.Hardware.Memory;
using static Emulator.Actors.Coordination.CoordinationMessages;

namespace Emulator.Actors.Tests.Coordination;

/// <summary>A coordinator on an in-memory journal, which outlives the coordinator; the test plays the host.</summary>
public abstract class CoordinatorTest : TestKit
{
    protected const string HostName = "host";

    protected static readonly OwnerTag A = HostSpecification.TenantTag(0);
    protected static readonly OwnerTag B = HostSpecification.TenantTag(1);

    protected static readonly Config Configuration = ConfigurationFactory.ParseString(
        """
        akka.loglevel = ERROR
        akka.test.default-timeout = 20s
        akka.test.single-expect-default = 20s
        akka.persistence.snapshot-store.plugin = "akka.persistence.snapshot-store.inmem"
        """).WithFallback(EmulatorHostingExtensions.Configuration());

    protected CoordinatorTest()
        : base(Configuration)
    {
    }

    protected TestProbe PlayedHost { get; set; } = null!;

    protected IActorRef Coordinator { get; private set; } = ActorRefs.Nobody;

    protected CoordinatorOptions Options { get; set; } = new() { RestoreInterval = TimeSpan.FromMilliseconds(50) };

    protected static OwnerChange Change(string id, int group, OwnerTag tenant) => new(id, HostName, group, tenant);

    /// <summary>Starts a coordinator, and stops the one before.</summary>
    protected void StartCoordinator()
    {
        if (!Coordinator.IsNobody())
        {
            Watch(Coordinator);
            Sys.Stop(Coordinator);
            ExpectTerminated(Coordinator);
        }

        PlayedHost ??= CreateTestProbe();
        var (options, host) = (Options, (IActorRef)PlayedHost);
        Coordinator = Sys.ActorOf(Props.Create(() => new OwnershipCoordinator(options, new[] { host })));
        Assert.Equal(Coordinator, PlayedHost.FishForMessage<HostMessages.Join>(_ => true).Coordinator);
    }

    /// <summary>The host joins with two groups and two tenants; its groups have no owner.</summary>
    /// <returns>The epoch from which its groups go on.</returns>
    protected Epoch JoinFirst(int groups = 2)
    {
        Join(groups);
        var floor = Epoch.None;
        for (var group = 0; group < groups; group++)
            floor = AnswerBlock();
        return floor;
    }

    protected void Join(int groups = 2) => Coordinator.Tell(new HostMessages.HostJoined(HostName, PlayedHost, groups, 1, 2), PlayedHost);

    protected void Ask(params OwnerChange[] changes) => Coordinator.Tell(new ChangeOwners(changes), TestActor);

    protected Epoch AnswerBlock()
    {
        var block = PlayedHost.ExpectMsg<HostMessages.BlockGroup>();
        Coordinator.Tell(new HostMessages.GroupBlocked(HostName, block.Group, block.AtLeast), PlayedHost);
        return block.AtLeast;
    }

    /// <summary>The host does as it is told, one epoch later.</summary>
    protected HostMessages.Reassign AnswerReassign()
    {
        var reassign = PlayedHost.ExpectMsg<HostMessages.Reassign>();
        Complete(reassign);
        return reassign;
    }

    protected void Complete(HostMessages.Reassign reassign) =>
        Coordinator.Tell(new HostMessages.Reassigned(HostName, reassign.Group, reassign.ToTenant, reassign.AtLeast.Next, TimeSpan.Zero), PlayedHost);

    protected ChangeOutcome ExpectOutcome() => Assert.Single(ExpectMsg<ChangesEnded>().Outcomes);

    protected void ExpectRefusal(string reason)
    {
        var outcome = ExpectOutcome();
        Assert.Equal((ChangeResult.Refused, Epoch.None), (outcome.Result, outcome.Epoch));
        Assert.Contains(reason, outcome.Reason, StringComparison.Ordinal);
    }

    protected IReadOnlyList<GroupOwner> Owners()
    {
        Coordinator.Tell(new QueryOwners(), TestActor);
        return ExpectMsg<Owners>().Groups;
    }
}
