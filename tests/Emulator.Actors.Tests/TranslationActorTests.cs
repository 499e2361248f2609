using Akka.Actor;
using Akka.TestKit;
using Emulator.Actors.Devices;
using Emulator.Actors.Hosts;
using Emulator.Actors.Isolation;
using Emulator.Actors.Ownership;
using Emulator.Actors.Programming;
using Emulator.Actors.Tests.Flat;
using Emulator.Hardware.Dma;
using Emulator.Hardware.Drivers;
using static Emulator.Actors.Ownership.OwnershipMessages;

namespace Emulator.Actors.Tests;

/// <summary>The silicon's actor alone; the test plays the group, the driver's actor, the device and the checker.</summary>
public sealed class TranslationActorTests : HostTest
{
    private readonly TestProbe _checker;
    private readonly EmulatedHost _host;
    private readonly IActorRef _translation;

    public TranslationActorTests()
    {
        IgnoreMessages(message => message is ProgrammingMessages.InterruptRaised);
        _checker = CreateTestProbe();
        _host = Build(Specification() with { HeldDmaLimit = TimeSpan.FromMilliseconds(400) });
        _translation = Sys.ActorOf(new HostProps("emulator.pinned-dispatcher").Translation(_host, _checker, TestActor));
        _checker.ExpectMsg<OwnershipChanged>();
        _checker.ExpectMsg<OwnershipChanged>();
        _checker.ExpectMsg<IsolationMessages.GrantsStated>();
    }

    [Fact]
    public void Block_overtakes_queued_DMA_and_a_fence_waits_behind_it()
    {
        Queue(out var release);
        var (before, after) = (Batch(), Batch());
        _translation.Tell(before);
        _translation.Tell(Blocked(1));
        _translation.Tell(after);
        _translation.Tell(new Block(0, new Epoch(1), default));
        release();

        ExpectMsg<ProgrammingMessages.RunEnded>();
        Assert.Equal(OwnershipState.Blocking, _checker.ExpectMsg<OwnershipChanged>().State);
        Assert.Same(before, _checker.ExpectMsg<DmaBatch>());
        Assert.Same(after, _checker.ExpectMsg<DmaBatch>());
        Assert.Equal(OwnershipState.Blocking, before.CompletedIn);
        Assert.True(before.IsStale);
        ExpectMsg<BlockAcknowledged>(ack => ack.Epoch == new Epoch(1));
    }

    [Fact]
    public void A_fence_passes_after_all_DMA_that_was_sent_before_it_and_before_all_that_was_sent_after_it()
    {
        Block(1);
        Program(RunPurpose.Block, 1);
        Queue(out var release);
        var (before, after) = (Batch(), Batch());
        _translation.Tell(before);
        _translation.Tell(Blocked(1));
        _translation.Tell(after);
        release();

        ExpectMsg<ProgrammingMessages.RunEnded>();
        Assert.Same(before, _checker.ExpectMsg<DmaBatch>());
        Assert.Equal(OwnershipState.Blocked, _checker.ExpectMsg<OwnershipChanged>().State);
        Assert.Same(after, _checker.ExpectMsg<DmaBatch>());
        Assert.Equal(OwnershipState.Blocking, before.CompletedIn);
        Assert.Equal(OwnershipState.Blocked, after.CompletedIn);
        ExpectMsg<FencePassed>();
    }

    [Fact]
    public void A_fence_is_refused_until_the_blocking_steps_of_its_epoch_are_done()
    {
        Block(1);
        Program(RunPurpose.Block, 1);
        Block(2);
        _translation.Tell(Blocked(2));
        Assert.Contains("have not been performed", ExpectMsg<Refused>().Reason, StringComparison.Ordinal);
    }

    [Fact]
    public void Nothing_is_attached_that_is_not_blocked()
    {
        Block(1);
        _translation.Tell(new BeginAttach(0, new Epoch(1), B, default));
        Assert.Equal(OwnershipState.Blocking, ExpectMsg<Refused>().State);
    }

    [Fact]
    public void An_attach_is_complete_only_when_its_steps_are_done()
    {
        BringToBlocked(1);
        _translation.Tell(new BeginAttach(0, new Epoch(1), B, default));
        ExpectMsg<AttachBegun>();
        _translation.Tell(new CompleteAttach(0, new Epoch(1), default));
        ExpectMsg<Refused>();
        Program(RunPurpose.Attach, 1);
        _translation.Tell(new CompleteAttach(0, new Epoch(1), default));
        ExpectMsg<AttachCompleted>();
    }

    [Theory]
    [InlineData(4)]
    [InlineData(5)]
    public void A_block_of_an_older_or_the_same_epoch_is_refused_with_the_epoch_that_holds(long epoch)
    {
        Block(5);
        _translation.Tell(new Block(0, new Epoch(epoch), default));
        var refused = ExpectMsg<Refused>();
        Assert.Equal((new Epoch(5), new Epoch(epoch)), (refused.Epoch, refused.Asked));
    }

    [Fact]
    public void Control_messages_of_an_older_epoch_change_nothing()
    {
        BringToBlocked(5);
        object[] older = [Blocked(4), new BeginAttach(0, new Epoch(4), A, default), new CompleteAttach(0, new Epoch(4), default)];
        foreach (var message in older)
        {
            _translation.Tell(message);
            Assert.Equal(new Epoch(4), ExpectMsg<Refused>().Asked);
        }

        _translation.Tell(new QueryGroup(0));
        Assert.Equal(new GroupStatus(0, OwnershipState.Blocked, new Epoch(5)), ExpectMsg<GroupStatus>());
    }

    [Fact]
    public void A_run_of_an_older_epoch_that_has_not_begun_never_enters_the_driver()
    {
        Block(5);
        var entered = false;
        IEnumerable<DriverStep> Steps()
        {
            entered = true;
            yield return DriverStep.Return(0);
        }

        _translation.Tell(new ProgrammingMessages.PerformRun(new DriverRun(RunPurpose.Attach, Steps()) { Group = 0, Epoch = new Epoch(4) }));
        Assert.True(ExpectMsg<ProgrammingMessages.RunEnded>().Run.IsRefused);
        Assert.False(entered);
    }

    [Fact]
    public void A_step_that_is_sent_twice_is_performed_once()
    {
        var run = new DriverRun(RunPurpose.Probe, [DriverStep.Store(0x20000, 1, "word"), DriverStep.Store(0x20000, 2, "word")]);
        run.Advance();
        _translation.Tell(new ProgrammingMessages.PerformStep(run, 0));
        _translation.Tell(new ProgrammingMessages.PerformStep(run, 0));
        ExpectMsg<ProgrammingMessages.StepPerformed>();
        ExpectMsg<ProgrammingMessages.StepPerformed>();
        Assert.Equal(1, run.Performed);
        Assert.Equal(1UL, _host.Platform.Memory.Read64(0x20000));
    }

    [Fact]
    public void A_fence_waits_for_DMA_that_the_silicon_holds_and_its_late_answer_is_checked()
    {
        Block(1);
        Perform(DriverStep.Write(FlatIommu.ControlBase, 3));
        _translation.Tell(Batch());
        Assert.Equal(DmaStatus.Stalled, _checker.ExpectMsg<DmaBatch>().Completions[0].Status);
        Program(RunPurpose.Block, 1);
        _translation.Tell(Blocked(1));
        ExpectNoMsg(TimeSpan.FromMilliseconds(50));
        Perform(DriverStep.Write(FlatIommu.Resume, 1));
        ExpectMsg<FencePassed>();
        Assert.Equal(DmaStatus.Aborted, _checker.ExpectMsg<DmaBatch>().Completions[0].Status);
        Assert.Equal(OwnershipState.Blocked, _checker.ExpectMsg<OwnershipChanged>().State);
    }

    [Fact]
    public void DMA_that_the_silicon_never_lets_go_is_given_up_counted_and_still_checked_when_it_ends()
    {
        Block(1);
        Perform(DriverStep.Write(FlatIommu.ControlBase, 3));
        _translation.Tell(Batch());
        Assert.Equal(DmaStatus.Stalled, _checker.ExpectMsg<DmaBatch>().Completions[0].Status);
        Program(RunPurpose.Block, 1);
        _translation.Tell(Blocked(1));
        ExpectMsg<FencePassed>();
        Assert.Equal(OwnershipState.Blocked, _checker.ExpectMsg<OwnershipChanged>().State);
        Assert.Equal((1, 0, 1), (_host.Dma.Abandoned, _host.Tenures[0].Held, _host.Tenures[0].Abandoned));
        Perform(DriverStep.Write(FlatIommu.Resume, 1));
        Assert.Equal(DmaStatus.Aborted, _checker.ExpectMsg<DmaBatch>().Completions[0].Status);
        Assert.Equal(0, _host.Tenures[0].Abandoned);
    }

    [Fact]
    public void A_batch_over_which_the_actor_crashes_comes_back_as_lost()
    {
        var batch = new DmaBatch(TestActor, 0, 0, unit: 7) { Count = 1 };
        _translation.Tell(batch);
        Assert.True(_checker.FishForMessage<DmaBatch>(_ => true).Lost);
    }

    [Fact]
    public void After_a_crash_a_group_that_was_attached_is_being_blocked()
    {
        BringToBlocked(1);
        _translation.Tell(new BeginAttach(0, new Epoch(1), B, default));
        ExpectMsg<AttachBegun>();
        _translation.Tell(new SupervisionMessages.CrashActor(ActorKind.Translation));
        _translation.Tell(new QueryGroup(0));
        Assert.Equal(new GroupStatus(0, OwnershipState.Blocking, new Epoch(1)), ExpectMsg<GroupStatus>());
        _translation.Tell(new QueryGroup(1));
        Assert.Equal(new GroupStatus(1, OwnershipState.Unclaimed, Epoch.None), ExpectMsg<GroupStatus>());
    }

    [Fact]
    public void DMA_of_a_blocked_group_goes_to_the_silicon_which_refuses_it()
    {
        BringToBlocked(1);
        _checker.FishForMessage(message => message is OwnershipChanged { State: OwnershipState.Blocked });
        _translation.Tell(Batch());
        var batch = _checker.ExpectMsg<DmaBatch>();
        Assert.Equal(DmaStatus.Aborted, batch.Completions[0].Status);
        Assert.Equal(1, _host.Platform.Bus.Units[0].Faults.Total);
    }

    // Keeps the actor busy in a run that polls a word of memory, so that messages queue up behind it.
    private void Queue(out Action release)
    {
        var memory = _host.Platform.Memory;
        memory.Write64(FlatDriver.BlockGate, 1);
        _translation.Tell(new ProgrammingMessages.PerformRun(new DriverRun(RunPurpose.Probe, _host.Platform.Driver.Block(_host.Devices[0]))));
        // Its end is seen only after the release: until then everything else waits in the mailbox.
        release = () => memory.Write64(FlatDriver.BlockGate, 0);
    }

    private DmaBatch Batch()
    {
        var batch = new DmaBatch(TestActor, 0, 0, 0) { Count = 1 };
        batch.Requests[0] = new DmaRequest(_host.Devices[0].Stream, new Iova(_host.Layout.IovaBase), DmaAccess.Write);
        return batch;
    }

    private static Fence Blocked(long epoch) => new(0, new Epoch(epoch), default);

    private void Block(long epoch)
    {
        _translation.Tell(new Block(0, new Epoch(epoch), default));
        ExpectMsg<BlockAcknowledged>();
        Assert.Equal(OwnershipState.Blocking, _checker.ExpectMsg<OwnershipChanged>().State);
    }

    private void Program(RunPurpose purpose, long epoch)
    {
        _translation.Tell(new ProgrammingMessages.PerformRun(new DriverRun(purpose, []) { Group = 0, Epoch = new Epoch(epoch) }));
        ExpectMsg<ProgrammingMessages.RunEnded>();
    }

    private void Perform(DriverStep step)
    {
        _translation.Tell(new ProgrammingMessages.PerformRun(new DriverRun(RunPurpose.Probe, [step])));
        ExpectMsg<ProgrammingMessages.RunEnded>();
    }

    private void BringToBlocked(long epoch)
    {
        Block(epoch);
        Program(RunPurpose.Block, epoch);
        _translation.Tell(Blocked(epoch));
        ExpectMsg<FencePassed>();
    }
}
