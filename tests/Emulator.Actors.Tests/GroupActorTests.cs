using Akka.Actor;
using Akka.TestKit;
using Emulator.Actors.Hosts;
using Emulator.Actors.Ownership;
using Emulator.Actors.Programming;
using static Emulator.Actors.Ownership.OwnershipMessages;

namespace Emulator.Actors.Tests;

/// <summary>A group alone; the test plays the silicon and the driver's actor.</summary>
public sealed class GroupActorTests : HostTest
{
    private readonly TestProbe _silicon;
    private readonly TestProbe _iommu;
    private readonly EmulatedHost _host;

    public GroupActorTests()
    {
        _silicon = CreateTestProbe();
        _iommu = CreateTestProbe();
        _host = Build(Specification());
    }

    [Fact]
    public void A_claimed_group_is_attached_to_its_claimant_only()
    {
        var group = StartGroup(OwnershipState.Unclaimed, 0);
        group.Tell(new HostMessages.ClaimGroup(0, B));
        Assert.Equal(B, ExpectMsg<HostMessages.GroupClaimed>().Tenant);
        group.Tell(new HostMessages.Reassign(0, A));
        Assert.Equal(OwnershipState.Claimed, ExpectMsg<HostMessages.ReassignmentFailed>().State);
        group.Tell(new HostMessages.Reassign(0, B));
        Assert.Equal(new Epoch(1), _silicon.ExpectMsg<Block>().Epoch);
    }

    [Fact]
    public void A_group_that_finds_an_epoch_at_the_silicon_blocks_before_anything_else()
    {
        StartGroup(OwnershipState.Attached, 7);
        Assert.Equal(new Epoch(8), _silicon.ExpectMsg<Block>().Epoch);
    }

    [Fact]
    public void It_attaches_only_after_the_silicon_says_that_its_DMA_has_drained()
    {
        var group = StartGroup(OwnershipState.Unclaimed, 0);
        group.Tell(new HostMessages.Reassign(0, B));
        _silicon.ExpectMsg<Block>();
        _iommu.ExpectNoMsg(TimeSpan.FromMilliseconds(50));
        _silicon.Reply(new BlockAcknowledged(0, new Epoch(1)));
        _iommu.ExpectMsg<ProgrammingMessages.ProgramBlock>();
        _silicon.ExpectNoMsg(TimeSpan.FromMilliseconds(50));
        _iommu.Reply(new ProgrammingMessages.Programmed(0, new Epoch(1), RunPurpose.Block, null));
        _silicon.ExpectMsg<Fence>();
        _iommu.ExpectNoMsg(TimeSpan.FromMilliseconds(50));
        _silicon.Reply(new FencePassed(0, new Epoch(1)));
        _silicon.ExpectMsg<BeginAttach>();
        _silicon.Reply(new AttachBegun(0, new Epoch(1)));
        _iommu.ExpectMsg<ProgrammingMessages.ProgramAttach>(attach => attach.Tenant == B);
        _iommu.Reply(new ProgrammingMessages.Programmed(0, new Epoch(1), RunPurpose.Attach, null));
        _silicon.ExpectMsg<CompleteAttach>();
        _silicon.Reply(new AttachCompleted(0, new Epoch(1)));
        FishForMessage<HostMessages.Reassigned>(reassigned => reassigned.Epoch == new Epoch(1));
    }

    [Fact]
    public void Answers_of_an_older_epoch_are_not_believed()
    {
        var group = StartGroup(OwnershipState.Attached, 7);
        _silicon.ExpectMsg<Block>();
        group.Tell(new BlockAcknowledged(0, new Epoch(7)));
        group.Tell(new ProgrammingMessages.Programmed(0, new Epoch(7), RunPurpose.Block, null));
        group.Tell(new FencePassed(0, new Epoch(7)));
        _iommu.ExpectNoMsg(TimeSpan.FromMilliseconds(50));
        group.Tell(new BlockAcknowledged(0, new Epoch(8)));
        Assert.Equal(new Epoch(8), _iommu.ExpectMsg<ProgrammingMessages.ProgramBlock>().Epoch);
    }

    [Fact]
    public void Who_asks_for_a_block_that_goes_on_already_waits_for_that_one()
    {
        var group = StartGroup(OwnershipState.Attached, 7);
        _silicon.ExpectMsg<Block>();
        group.Tell(new HostMessages.BlockGroup(0));
        _silicon.ExpectNoMsg(TimeSpan.FromMilliseconds(50));
        group.Tell(new FencePassed(0, new Epoch(8)));
        Assert.Equal(new HostMessages.GroupBlocked(_host.Specification.Name, 0, new Epoch(8)), ExpectMsg<HostMessages.GroupBlocked>());
    }

    [Fact]
    public void A_block_that_has_failed_is_begun_again_by_who_asks_for_it()
    {
        var group = StartGroup(OwnershipState.Attached, 7);
        _silicon.ExpectMsg<Block>();
        group.Tell(new ProgrammingMessages.Programmed(0, new Epoch(8), RunPurpose.Block, "EBUSY"));
        group.Tell(new HostMessages.BlockGroup(0));
        Assert.Equal(new Epoch(9), _silicon.ExpectMsg<Block>().Epoch);
    }

    [Fact]
    public void A_refusal_with_a_younger_epoch_is_outbid()
    {
        var group = StartGroup(OwnershipState.Attached, 7);
        _silicon.ExpectMsg<Block>();
        group.Tell(new Refused(0, new Epoch(20), OwnershipState.Attached, new Epoch(8), "older"));
        Assert.Equal(new Epoch(21), _silicon.ExpectMsg<Block>().Epoch);
    }

    private IActorRef StartGroup(OwnershipState state, long epoch)
    {
        var group = Sys.ActorOf(HostProps.Group(_host, 0, _silicon, _iommu));
        _silicon.ExpectMsg<QueryGroup>();
        _silicon.Reply(new GroupStatus(0, state, new Epoch(epoch)));
        return group;
    }
}
