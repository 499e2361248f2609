using Akka.Actor;
using Emulator.Actors.Core;
using Emulator.Actors.Devices;
using Emulator.Actors.Faults;
using Emulator.Actors.Hosts;
using Emulator.Actors.Ownership;
using Emulator.Actors.Tests.Flat;
using Emulator.Hardware.Core;
using Emulator.Hardware.Drivers;
using Emulator.Hardware.Iommus;
using static Emulator.Hardware.Core.GroupState;

namespace Emulator.Actors.Tests.Core;

/// <summary>The core beside the tenants' protocol, under DMA, and under crashes.</summary>
public sealed class CoreHostTests : CoreTest
{
    // Those that tenants can be kept apart on, see RoomTests.
    public static TheoryData<string, KernelVersion> EveryRoom()
    {
        var data = new TheoryData<string, KernelVersion>();
        foreach (var room in IommuCatalog.Rooms.Where(room => room.Name is not ("mtk" or "fsl_pamu")))
        {
            foreach (var kernel in Enum.GetValues<KernelVersion>().Where(kernel => room.Supports(room.Variants[0], kernel)))
                data.Add(room.Name, kernel);
        }

        return data;
    }

    [Theory]
    [MemberData(nameof(Rooms))]
    public async Task DMA_lands_where_the_core_says(string room, KernelVersion kernel)
    {
        // 1, 13-15, 44
        await Start(Booted(room, kernel) with { Core = new CoreOptions { Group = new IommuGroupOptions { DefaultDomainType = DomainType.Identity } } });
        Assert.Equal((500, 0), await SendDma());
        await Expect(new CoreCall.Claim(Vfio), Errno.None, Claimed, 1);
        Assert.Equal((0, 0), await SendDma());
        await Expect(new CoreCall.Attach(OfB), Errno.None, ClaimedAttached, 1);
        Assert.Equal((500, 0), await SendDma());
        Assert.Equal((OwnershipState.Core, B), (Emulated.Tenures[0].State, Emulated.Tenures[0].Granted));
        await Expect(new CoreCall.Detach(OfB), Errno.None, Claimed, 1);
        Assert.Equal((0, 0), await SendDma());
        await Expect(new CoreCall.Release(), Errno.None, Idle, 0);
        Assert.Equal((500, 0), await SendDma());
    }

    [Theory]
    [MemberData(nameof(Rooms))]
    public async Task DMA_during_a_switch_reaches_the_old_domain_or_the_new_one_or_nothing(string room, KernelVersion kernel)
    {
        // 44
        await Start(Booted(room, kernel) with { Workload = new Workload { TotalDmas = long.MaxValue, BatchSize = 1, Credits = 2 } });
        Host.StartWorkload();
        for (var turn = 0; turn < 3; turn++)
        {
            await Expect(new CoreCall.Claim(Vfio), Errno.None, Claimed, 1);
            await Expect(new CoreCall.Attach(OfA), Errno.None, ClaimedAttached, 1);
            await Host.CallCoreAsync(0, new CoreCall.Replace(OfB));
            await Expect(new CoreCall.Detach(OfB), Errno.None, Claimed, 1);
            await Expect(new CoreCall.Release(), Errno.None, Idle, 0);
        }

        Host.StopWorkload();
        await Host.WaitForWorkloadAsync();
        Assert.Empty((await Host.GetStatisticsAsync()).FirstViolations);
    }

    [Theory]
    [MemberData(nameof(EveryRoom))]
    public async Task Every_room_boots_and_its_groups_are_claimed_and_given_back(string room, KernelVersion kernel)
    {
        var specification = Booted(room, kernel);
        await Start(specification with { Tenants = specification.Room.HasOneTable ? 1 : 2 });
        // Where the driver refuses to go from one domain to the next the core can only warn (docs/CORE.md); 6.1 then says the old domain.
        var refuses = (room, kernel) is ("sprd", KernelVersion.Linux61) or ("msm" or "omap", KernelVersion.Linux612);
        Assert.Equal((Errno.None, Claimed), await Host.CallCoreAsync(0, new CoreCall.Claim(Vfio)) is var claim ? (claim.Errno, claim.State) : default);
        await Expect(new CoreCall.Release(), Errno.None, refuses && kernel == KernelVersion.Linux61 ? ForeignAttached : Idle, 0, warnings: refuses ? 1 : 0);
    }

    [Theory]
    [MemberData(nameof(Rooms))]
    public async Task The_tenants_and_the_owners_of_the_core_keep_each_other_out(string room, KernelVersion kernel)
    {
        // 2, 3, 5
        await Start(Booted(room, kernel));
        await Expect(new CoreCall.Claim(Vfio), Errno.None, Claimed, 1);
        await IsRefused("-EPERM", new HostMessages.Reassign(0, A), new HostMessages.ClaimGroup(0, A), new HostMessages.BlockGroup(0));
        await Expect(new CoreCall.Release(), Errno.None, Idle, 0);
        await Expect(new CoreCall.Attach(OfA), Errno.None, ForeignAttached, 0);
        await IsRefused("-EBUSY", new HostMessages.Reassign(0, A));
        await Expect(new CoreCall.Detach(OfA), Errno.None, Idle, 0);

        Assert.IsType<HostMessages.Reassigned>(await Host.ReassignAsync(0, A));
        await Expect(new CoreCall.Claim(Vfio), Errno.EPERM, Claimed, 1);
        await Expect(new CoreCall.UseDefaultDomain(), Errno.EBUSY, Claimed, 1);
        await Expect(new CoreCall.Attach(OfB), Errno.EBUSY, Claimed, 1);
        Assert.Equal((500, 0), await SendDma());
        Assert.Equal((OwnershipState.Attached, A), (Emulated.Tenures[0].State, Emulated.Tenures[0].Granted));
        Assert.IsType<HostMessages.Reassigned>(await Host.ReassignAsync(0, B));
        Assert.Equal(0, (await Host.GetStatisticsAsync()).Violations);
    }

    [Theory]
    [InlineData(ActorKind.Iommu)]
    [InlineData(ActorKind.Translation)]
    [InlineData(ActorKind.Group)]
    [InlineData(ActorKind.Checker)]
    public async Task A_call_in_which_an_actor_crashes_is_done_once_and_answered(ActorKind kind)
    {
        await Start(Booted("flat", KernelVersion.Linux612));
        await Expect(new CoreCall.ClaimDevice(0, Vfio), Errno.None, Claimed, 1);
        Hold(FlatDriver.AttachGate);
        var attach = Host.CallCoreAsync(0, new CoreCall.Attach(OfA));
        await AwaitRun();
        var waiting = Host.CallCoreAsync(0, new CoreCall.ClaimDevice(0, Vfio));
        Host.Actor.Tell(new SupervisionMessages.CrashActor(kind), ActorRefs.NoSender);
        await AwaitConditionAsync(() => Task.FromResult(Emulated.Ownership.ActorRestarts == 1), Patience);
        Release(FlatDriver.AttachGate);
        Assert.Equal((Errno.None, ClaimedAttached, 1), await attach is var first ? (first.Errno, first.State, first.OwnerCount) : default);
        Assert.Equal((Errno.None, ClaimedAttached, 2), await waiting is var second ? (second.Errno, second.State, second.OwnerCount) : default);
        Assert.Equal((500, 0), await SendDma());
    }

    [Fact]
    public async Task A_host_that_gives_its_groups_to_tenants_has_no_core_for_others()
    {
        await Start(Specification() with { Kernel = KernelVersion.Linux612 });
        await Expect(new CoreCall.Claim(Vfio), Errno.EPERM, Claimed, 1);
        await Expect(new CoreCall.UseDefaultDomain(), Errno.EBUSY, Claimed, 1);
        Assert.Equal(Errno.ENODEV, (await Host.CallCoreAsync(2, new CoreCall.Query())).Errno);
        Assert.Equal(Errno.ENODEV, (await Host.CallCoreAsync(-1, new CoreCall.Query())).Errno);
        Assert.Equal(Errno.EOPNOTSUPP, (await Assert.ThrowsAsync<DriverException>(() => Host.OpenIommufdAsync(A))).Errno);
    }

    [Fact]
    public async Task A_device_that_is_pulled_out_leaves_its_group()
    {
        await Start(Booted("flat", KernelVersion.Linux612) with { DevicesPerGroup = 2 });
        await Expect(new CoreCall.AttachDevice(0, OfA), Errno.EINVAL, Idle, 0);
        Host.Actor.Tell(new FaultMessages.InjectFault(new Fault(FaultKind.HotUnplug) { Target = 1 }), TestActor);
        ExpectMsg<FaultMessages.FaultInjected>();
        await AwaitConditionAsync(async () => (await Host.CallCoreAsync(0, new CoreCall.AttachDevice(1, OfA))).Errno == Errno.ENODEV, Patience);
        await Expect(new CoreCall.AttachDevice(0, OfA), Errno.None, ForeignAttached, 0);
    }

    private async Task IsRefused(string errno, params object[] messages)
    {
        foreach (var message in messages)
        {
            var failed = Assert.IsType<HostMessages.ReassignmentFailed>(await Host.Actor.Ask<object>(message, Patience));
            Assert.Equal(OwnershipState.Core, failed.State);
            Assert.Contains(errno, failed.Reason, StringComparison.Ordinal);
        }
    }
}
