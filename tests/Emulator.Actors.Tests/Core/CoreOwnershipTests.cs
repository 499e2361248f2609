using Emulator.Actors.Core;
using Emulator.Hardware.Drivers;
using static Emulator.Hardware.Core.GroupState;

namespace Emulator.Actors.Tests.Core;

/// <summary>The rules of docs/CORE.md through the actors. The numbers are the invariants'.</summary>
public sealed class CoreOwnershipTests : CoreTest
{
    private static readonly CoreCall s_claim = new CoreCall.Claim(Vfio);
    private static readonly CoreCall s_release = new CoreCall.Release();
    private static readonly CoreCall s_use = new CoreCall.UseDefaultDomain();
    private static readonly CoreCall s_unuse = new CoreCall.UnuseDefaultDomain();

    [Theory]
    [MemberData(nameof(Rooms))]
    public async Task A_group_is_claimed_once_and_not_over_kernel_drivers(string room, KernelVersion kernel)
    {
        // 1-3, 8-11, 25
        await Start(Booted(room, kernel));
        await Expect(s_use, Errno.None, Kernel, 1);
        await Expect(s_claim, Errno.EPERM, Kernel, 1);
        await Expect(s_release, Errno.None, Kernel, 1, warnings: 1);
        await Expect(s_unuse, Errno.None, Idle, 0);
        await Expect(s_unuse, Errno.None, Idle, 0, warnings: 1);
        await Expect(s_claim, Errno.None, Claimed, 1);
        await Expect(s_claim, Errno.EPERM, Claimed, 1);
        await Expect(s_use, Errno.EBUSY, Claimed, 1);
        await Expect(s_release, Errno.None, Idle, 0);
        await Expect(s_release, Errno.None, Idle, 0, warnings: 1);
        await Expect(s_use, Errno.None, Kernel, 1);
    }

    [Theory]
    [MemberData(nameof(Rooms))]
    public async Task One_owner_claims_through_several_devices_where_the_kernel_has_that(string room, KernelVersion kernel)
    {
        // 4
        await Start(Booted(room, kernel) with { DevicesPerGroup = 2 });
        if (kernel == KernelVersion.Linux61)
        {
            await Expect(new CoreCall.ClaimDevice(0, Vfio), Errno.EOPNOTSUPP, Idle, 0);
            return;
        }

        await Expect(new CoreCall.ClaimDevice(0, Vfio), Errno.None, Claimed, 1);
        await Expect(new CoreCall.ClaimDevice(1, new string(Vfio)), Errno.None, Claimed, 2);
        await Expect(new CoreCall.ClaimDevice(1, "another"), Errno.EPERM, Claimed, 2);
        await Expect(new CoreCall.ClaimDevice(2, Vfio), Errno.ENODEV, Claimed, 2);
        await Expect(new CoreCall.ReleaseDevice(0), Errno.None, Claimed, 1);
        await Expect(new CoreCall.ReleaseDevice(1), Errno.None, Idle, 0);
        await Expect(new CoreCall.Claim(null), Errno.EINVAL, Idle, 0, warnings: 1);
    }

    [Theory]
    [MemberData(nameof(Rooms))]
    public async Task Attach_and_detach_lead_where_the_owner_says(string room, KernelVersion kernel)
    {
        // 5, 12-16
        await Start(Booted(room, kernel));
        await Expect(new CoreCall.Attach(OfA), Errno.None, ForeignAttached, 0);
        await Expect(s_claim, Errno.EBUSY, ForeignAttached, 0);
        await Expect(new CoreCall.Attach(OfB), Errno.EBUSY, ForeignAttached, 0);
        await Expect(new CoreCall.Detach(OfA), Errno.None, Idle, 0);
        await Expect(s_claim, Errno.None, Claimed, 1);
        await Expect(new CoreCall.Attach(CoreDomain.Allocated(7)), Errno.ENOENT, Claimed, 1);
        await Expect(new CoreCall.AttachDevice(0, OfA), Errno.None, ClaimedAttached, 1);
        await Expect(new CoreCall.Attach(OfB), Errno.EBUSY, ClaimedAttached, 1);
        await Expect(new CoreCall.DetachDevice(0, OfA), Errno.None, Claimed, 1);
        var made = await Expect(new CoreCall.AllocateDomain(DomainType.Unmanaged), Errno.None, Claimed, 1);
        await Expect(new CoreCall.Attach(CoreDomain.Allocated(made.Value)), Errno.None, ClaimedAttached, 1);
        await Expect(new CoreCall.Replace(OfB), kernel == KernelVersion.Linux61 ? Errno.EOPNOTSUPP : Errno.None, ClaimedAttached, 1);
        await Expect(new CoreCall.Replace(null), kernel == KernelVersion.Linux61 ? Errno.EOPNOTSUPP : Errno.EINVAL, ClaimedAttached, 1);
        await Expect(s_release, Errno.None, Idle, 0);
    }

    [Theory]
    [MemberData(nameof(Rooms))]
    public async Task A_device_of_several_is_not_attached_alone(string room, KernelVersion kernel)
    {
        // 21
        await Start(Booted(room, kernel) with { DevicesPerGroup = 2 });
        await Expect(new CoreCall.AttachDevice(1, OfA), Errno.EINVAL, Idle, 0);
        await Expect(new CoreCall.DetachDevice(1, OfA), Errno.None, Idle, 0, warnings: 1);
        await Expect(new CoreCall.RemoveDevice(1), Errno.None, Idle, 0);
        await Expect(new CoreCall.AttachDevice(1, OfA), Errno.ENODEV, Idle, 0);
        await Expect(new CoreCall.AttachDevice(0, OfA), Errno.None, ForeignAttached, 0);
    }

    [Theory]
    [MemberData(nameof(Rooms))]
    public async Task A_device_with_direct_mappings_is_blocked_by_the_older_kernel_only(string room, KernelVersion kernel)
    {
        // 23
        await Start(Booted(room, kernel) with { Core = new CoreOptions { DirectDevices = new HashSet<int> { 0 } } });
        var is61 = kernel == KernelVersion.Linux61;
        await Expect(s_claim, is61 ? Errno.None : Errno.EINVAL, is61 ? Claimed : Idle, is61 ? 1 : 0);
    }

    [Theory]
    [MemberData(nameof(Rooms))]
    public async Task A_deferred_attach_is_made_up_for(string room, KernelVersion kernel)
    {
        await Start(Booted(room, kernel) with { Core = new CoreOptions { DeferredDevices = new HashSet<int> { 0 } } });
        await Expect(new CoreCall.DeferredAttach(0), Errno.None, Idle, 0);
        Assert.Equal((0, 0), await SendDma());
        await Expect(s_claim, Errno.None, Claimed, 1);
    }

    [Theory]
    [MemberData(nameof(Rooms))]
    public async Task PASIDs_are_for_drivers_and_kernels_that_have_them(string room, KernelVersion kernel)
    {
        // 28
        await Start(Booted(room, kernel));
        var expected = kernel == KernelVersion.Linux61 || room != "arm-smmu-v3" ? Errno.EOPNOTSUPP : Errno.EINVAL;
        await Expect(new CoreCall.AttachPasid(0, OfA, 0), expected, Idle, 0);
        await Expect(new CoreCall.AttachPasid(0, OfA, 1), expected, Idle, 0);
        await Expect(new CoreCall.DetachPasid(0, OfA, 1), kernel == KernelVersion.Linux61 && room == "arm-smmu-v3" ? Errno.EOPNOTSUPP : Errno.None, Idle, 0);
    }

    [Fact]
    public async Task An_attached_PASID_keeps_owners_away()
    {
        // 7, 28
        await Start(Booted("flat", KernelVersion.Linux612));
        await Expect(new CoreCall.AttachPasid(0, OfA, 4), Errno.EINVAL, Idle, 0);
        await Expect(new CoreCall.AttachPasid(0, OfA, 3), Errno.None, Idle, 0);
        await Expect(new CoreCall.AttachPasid(0, OfB, 3), Errno.EBUSY, Idle, 0);
        await Expect(s_claim, Errno.EBUSY, Idle, 0);
        await Expect(new CoreCall.DetachPasid(0, OfA, 3), Errno.None, Idle, 0);
        await Expect(s_claim, Errno.None, Claimed, 1);
    }

    [Theory]
    [MemberData(nameof(Rooms))]
    public async Task The_default_domain_changes_while_no_driver_is_bound(string room, KernelVersion kernel)
    {
        await Start(Booted(room, kernel));
        await Expect(s_use, Errno.None, Kernel, 1);
        await Expect(new CoreCall.SetType(DomainType.Identity), kernel == KernelVersion.Linux61 ? Errno.EBUSY : Errno.EPERM, Kernel, 1);
        await Expect(s_unuse, Errno.None, Idle, 0);
        Assert.Equal((0, 0), await SendDma());
        await Expect(new CoreCall.SetType(DomainType.Identity), Errno.None, Idle, 0);
        Assert.Equal((500, 0), await SendDma());
    }

    [Theory]
    [InlineData(KernelVersion.Linux61)]
    [InlineData(KernelVersion.Linux612)]
    public async Task What_is_left_of_a_failure_is_what_the_kernel_leaves(KernelVersion kernel)
    {
        // 18-19; the witness looks at where DMA lands, not at what the group says.
        await Start(Booted("flat", kernel));
        Hold(Flat.FlatDriver.BlockFails);
        Assert.Equal((Errno.ETIMEDOUT, Idle), await Host.CallCoreAsync(0, s_claim) is var claim ? (claim.Errno, claim.State) : default);
        Release(Flat.FlatDriver.BlockFails);
        await Expect(s_claim, Errno.None, Claimed, 1);
        Hold(Flat.FlatDriver.AttachFails);
        await Expect(new CoreCall.Attach(OfA), Errno.EBUSY, Claimed, 1);
        Release(Flat.FlatDriver.AttachFails);
        await Expect(new CoreCall.Attach(OfA), Errno.None, ClaimedAttached, 1);
        Hold(Flat.FlatDriver.BlockFails);
        var is61 = kernel == KernelVersion.Linux61;
        await Expect(new CoreCall.Detach(OfA), Errno.None, is61 ? ClaimedAttached : Claimed, 1, warnings: 1);
        Assert.Equal((500, is61 ? 0 : 500), await SendDma());
    }
}
