using Akka.Actor;
using Emulator.Actors.Devices;
using Emulator.Actors.Hosts;
using Emulator.Actors.Isolation;
using Emulator.Actors.Ownership;
using Emulator.Actors.Programming;
using Emulator.Actors.Tests.Flat;
using Emulator.Hardware.Dma;
using Emulator.Hardware.Memory;
using Emulator.Hardware.PageTables;
using Emulator.Hardware.Translation;

namespace Emulator.Actors.Tests;

public sealed class IsolationTests : HostTest
{
    [Fact]
    public async Task A_page_of_another_tenant_in_a_domain_is_found_with_all_its_circumstances()
    {
        await Start(Specification() with { Devices = 1, Workload = new Workload { TotalDmas = 20_000, Pattern = AccessPattern.Sequential } });
        var planted = new Iova(Emulated.Layout.IovaBase + 0x3000);
        var foreign = new PhysicalAddress(Emulated.FrameOf(tenant: 1, page: 5, pageSize: 4096));
        var domain = Child("domain-0");
        await domain.Ask<DomainMessages.Unmapped>(new DomainMessages.Unmap(planted, 4096), Patience);
        await domain.Ask<DomainMessages.Mapped>(new DomainMessages.Map(planted, foreign, 4096, Protection.Read | Protection.Write), Patience);
        Host.StartWorkload();
        await Host.WaitForWorkloadAsync();

        var statistics = await Host.GetStatisticsAsync();
        // 20,000 DMAs of 64 bytes go once round the 1 MiB buffer and meet the page's 64 places once or twice.
        Assert.Equal(128, statistics.Violations);
        Assert.Equal(Host.Specification.ViolationsKept, statistics.FirstViolations.Count);
        var first = statistics.FirstViolations[0];
        Assert.Equal((0, 0, planted, foreign), (first.Device, first.Group, first.Iova, first.Landed));
        Assert.Equal((B, A, OwnershipState.Attached, new Epoch(1)), (first.FrameOwner, first.Granted, first.State, first.Epoch));
    }

    [Fact]
    public async Task Detach_that_lets_DMA_pass_untranslated_is_found()
    {
        var statistics = await BlockUnderLoad(Specification(BlockingStrategy.Detach, FlatRoom.DetachBypasses));
        Assert.NotEqual(0, statistics.Violations);
        Assert.All(statistics.FirstViolations, violation =>
        {
            Assert.Equal(EmulatedHost.Bystander, violation.FrameOwner);
            Assert.Equal(violation.Iova.Value, violation.Landed.Value);
        });
    }

    [Fact]
    public async Task A_translation_that_outlives_the_block_is_found()
    {
        var statistics = await BlockUnderLoad(Specification(BlockingStrategy.Native, FlatRoom.NeverInvalidates) with { Iotlb = IotlbGeometry.WithoutLimit });
        Assert.NotEqual(0, statistics.Violations);
        Assert.All(statistics.FirstViolations, violation => Assert.Equal((A, OwnershipState.Blocked), (violation.FrameOwner, violation.State)));
    }

    [Fact]
    public async Task A_translation_that_outlives_the_block_is_exposure_where_that_is_tolerated_and_is_measured()
    {
        var tolerant = Specification(BlockingStrategy.Native, FlatRoom.NeverInvalidates) with { Iotlb = IotlbGeometry.WithoutLimit, ToleratedExposure = TimeSpan.FromMinutes(10) };
        var statistics = await BlockUnderLoad(tolerant);
        Assert.Equal(0, statistics.Violations);
        Assert.NotEqual(0, statistics.Exposed);
        Assert.InRange(statistics.LongestExposure, TimeSpan.FromTicks(1), TimeSpan.FromMinutes(10));
    }

    [Fact]
    public async Task DMA_that_passes_untranslated_is_tolerated_by_nobody()
    {
        var statistics = await BlockUnderLoad(Specification(BlockingStrategy.Detach, FlatRoom.DetachBypasses) with { ToleratedExposure = TimeSpan.FromMinutes(10) });
        Assert.NotEqual(0, statistics.Violations);
        Assert.All(statistics.FirstViolations, violation => Assert.Equal(ViolationKinds.Identity, violation.Kind));
    }

    [Fact]
    public async Task Batches_that_were_sent_before_a_change_are_counted_as_stale_and_are_no_violation()
    {
        await Start(Specification());
        var device = CreateTestProbe();
        var batch = new DmaBatch(device, 0, 0, 0) { Count = 1, SentUnder = new Epoch(1) };
        batch.Requests[0] = new DmaRequest(Emulated.Devices[0].Stream, new Iova(Emulated.Layout.IovaBase), DmaAccess.Write);
        await Host.ReassignAsync(0, B);
        Child("translation").Tell(batch);
        device.ExpectMsg<DmaBatch>();
        Assert.True(batch.IsStale);
        var statistics = await Host.GetStatisticsAsync();
        Assert.Equal((1, 1, 0), (statistics.Devices[0].Stale, statistics.Devices[0].Completed, statistics.Violations));
    }

    [Fact]
    public async Task DMA_that_a_host_is_asked_to_send_is_checked_and_answered_with_the_silicons_fault_records()
    {
        await Start(Specification());
        var inside = new DmaRequest(default, new Iova(Emulated.Layout.IovaBase), DmaAccess.Write);
        var seen = 0;
        Emulated.BatchObserver = batch => seen += batch.Count;
        await Host.Actor.Ask<DmaBatch>(new HostMessages.SendDma(0, [inside with { Iova = new Iova(1UL << 40) }]), Patience);
        var batch = await Host.Actor.Ask<DmaBatch>(new HostMessages.SendDma(0, [inside, inside with { Iova = new Iova(1UL << 41) }]), Patience);
        Assert.Equal([DmaStatus.Completed, DmaStatus.Aborted], batch.Completions.Select(completion => completion.Status));
        Assert.Equal(new Iova(1UL << 41), Assert.Single(batch.Faults!).Iova);
        Assert.Equal((3, 3), (seen, (await Host.GetStatisticsAsync()).Dmas));
    }

    [Theory]
    [InlineData(-1, 1)]
    [InlineData(2, 1)]
    [InlineData(0, 0)]
    [InlineData(0, DmaBatch.Capacity + 1)]
    public async Task A_host_refuses_DMA_of_no_device_and_batches_outside_their_limits(int device, int requests)
    {
        await Start(Specification());
        await Assert.ThrowsAsync<ArgumentException>(() => Host.Actor.Ask<DmaBatch>(new HostMessages.SendDma(device, new DmaRequest[requests]), Patience));
    }

    [Theory]
    [InlineData(OwnershipState.Unclaimed, 1)]
    [InlineData(OwnershipState.Blocking, 0)]
    [InlineData(OwnershipState.Blocked, 1)]
    [InlineData(OwnershipState.Attaching, 0)]
    [InlineData(OwnershipState.Attached, 0)]
    public void A_DMA_into_the_granted_tenants_memory_is_a_violation_only_where_nothing_is_granted(OwnershipState state, long violations)
    {
        var host = Build(Specification());
        Check(host, state, granted: A, landing: host.FrameOf(0, 0, 4096));
        Assert.Equal(violations, host.Ownership.Violations);
    }

    [Theory]
    [InlineData(OwnershipState.Blocking)]
    [InlineData(OwnershipState.Attaching)]
    [InlineData(OwnershipState.Attached)]
    public void A_DMA_into_the_other_tenants_memory_is_always_a_violation(OwnershipState state)
    {
        var host = Build(Specification());
        Check(host, state, granted: A, landing: host.FrameOf(1, 0, 4096));
        Assert.Equal(1, host.Ownership.Violations);
    }

    [Fact]
    public void A_DMA_into_nobodys_memory_is_a_violation()
    {
        var host = Build(Specification());
        Check(host, OwnershipState.Attached, granted: A, landing: 0x3000);
        Assert.Equal(OwnerTag.None, Assert.Single(host.Witness.FirstViolations()).FrameOwner);
    }

    [Fact]
    public void A_check_that_knows_no_grants_counts_what_it_lets_through()
    {
        var host = Build(Specification());
        Check(host, state: null, granted: A, landing: host.FrameOf(0, 0, 4096));
        Assert.Equal((2, 0), (host.Ownership.Unchecked, host.Ownership.Violations));
    }

    [Fact]
    public void A_batch_over_which_an_actor_crashes_is_counted_as_unchecked_and_returns_to_its_device()
    {
        var host = Build(Specification());
        var checker = Sys.ActorOf(HostProps.Checker(host));
        checker.Tell(new OwnershipChanged(host.Specification.Name, 0, OwnershipState.Attached, new Epoch(1), A));
        checker.Tell(new IsolationMessages.GrantsStated());
        var lost = new DmaBatch(TestActor, 0, 0, 0) { Count = 3, Lost = true };
        var fatal = new DmaBatch(TestActor, device: 99, 0, 0) { Count = 4 };
        checker.Tell(lost);
        checker.Tell(fatal);
        Assert.Same(lost, ExpectMsg<DmaBatch>());
        Assert.Same(fatal, ExpectMsg<DmaBatch>());
        Assert.Equal(7, host.Ownership.Unchecked);
    }

    // A checker alone: one state, one DMA that landed.
    private void Check(EmulatedHost host, OwnershipState? state, OwnerTag granted, ulong landing)
    {
        var checker = Sys.ActorOf(HostProps.Checker(host));
        if (state is { } known)
        {
            checker.Tell(new OwnershipChanged(host.Specification.Name, 0, known, new Epoch(1), granted));
            checker.Tell(new IsolationMessages.GrantsStated());
        }

        var batch = new DmaBatch(TestActor, 0, 0, 0) { Count = 2 };
        batch.Completions[0] = new DmaCompletion(new PhysicalAddress(landing), DmaStatus.Completed, 0);
        batch.Completions[1] = new DmaCompletion(default, DmaStatus.Aborted, 1);
        checker.Tell(batch);
        Assert.Same(batch, ExpectMsg<DmaBatch>());
    }

    private async Task<HostStatistics> BlockUnderLoad(HostSpecification specification)
    {
        await Start(specification with { Devices = 1, Workload = new Workload { TotalDmas = 100_000 } });
        var device = CreateTestProbe();
        // Fills the IOTLB, so that there is something to outlive the block.
        var batch = new DmaBatch(device, 0, 0, 0) { Count = 1 };
        batch.Requests[0] = new DmaRequest(Emulated.Devices[0].Stream, new Iova(Emulated.Layout.IovaBase), DmaAccess.Write);
        Child("translation").Tell(batch);
        device.ExpectMsg<DmaBatch>();
        await Host.Actor.Ask<HostMessages.GroupBlocked>(new HostMessages.BlockGroup(0), Patience);
        Host.StartWorkload();
        await Host.WaitForWorkloadAsync();
        return await Host.GetStatisticsAsync();
    }
}
