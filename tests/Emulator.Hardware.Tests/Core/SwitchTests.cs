using Emulator.Hardware.Core;
using Emulator.Hardware.Drivers;
using static Emulator.Hardware.Tests.Core.GroupRig;

namespace Emulator.Hardware.Tests.Core;

/// <summary>Attach, detach, replace: which calls the driver gets, and what is left when it fails. Numbers are those of docs/CORE.md.</summary>
public sealed class SwitchTests
{
    private const KernelVersion Old = KernelVersion.Linux61;
    private const KernelVersion New = KernelVersion.Linux612;

    // 12
    [Theory]
    [InlineData(Old)]
    [InlineData(New)]
    public void An_attach_over_another_domain_is_refused(KernelVersion kernel)
    {
        var rig = new GroupRig(kernel).Claimed();
        rig.After(rig.Group.AttachGroup(rig.A));

        Is(Errno.EBUSY, rig.Group.AttachGroup(rig.B));

        rig.Called();
        Assert.Same(rig.A, rig.Group.Domain);
    }

    // 13, 14
    [Theory]
    [InlineData(Old)]
    [InlineData(New)]
    public void An_owner_attaches_from_blocked_and_detaches_to_blocked(KernelVersion kernel)
    {
        var rig = new GroupRig(kernel).Claimed();

        Is(Errno.None, rig.Group.AttachGroup(rig.A));
        Assert.Same(rig.A, rig.Group.Domain);
        Is(Errno.None, rig.Group.DetachGroup(rig.A));

        rig.Called("attach d0 U0", "attach d1 U0", "block d0", "block d1");
        Assert.Same(rig.Group.BlockingDomain, rig.Group.Domain);
    }

    // 15
    [Theory]
    [InlineData(Old)]
    [InlineData(New)]
    public void A_detach_without_an_owner_goes_to_the_default_domain(KernelVersion kernel)
    {
        var rig = new GroupRig(kernel);
        rig.After(rig.Group.AttachGroup(rig.A));

        Is(Errno.None, rig.Group.DetachGroup(rig.A));

        rig.Called("attach d0 Dma", "attach d1 Dma");
        Assert.Same(rig.Group.DefaultDomain, rig.Group.Domain);
    }

    // 15
    [Fact]
    public void Without_a_default_domain_6_1_calls_the_drivers_detach()
    {
        var rig = WithoutDefault();
        rig.After(rig.Group.AttachGroup(rig.A));

        Is(Errno.None, rig.Group.DetachGroup(rig.A));

        rig.Called("detach d0 U0", "detach d1 U0");
        Assert.Null(rig.Group.Domain);
        Assert.All(rig.Group.Members, member => Assert.Null(member.Domain));
        Assert.Equal(GroupState.Idle, rig.Group.State);
    }

    [Fact]
    public void Without_a_default_domain_and_a_detach_6_1_warns_and_stays()
    {
        var rig = WithoutDefault(hasDetach: false);
        rig.After(rig.Group.AttachGroup(rig.A));

        Is(Errno.None, rig.Group.DetachGroup(rig.A));

        rig.Called();
        Assert.Same(rig.A, rig.Group.Domain);
        Assert.Equal(2, rig.Group.Warnings.Count);
    }

    [Fact]
    public void A_driver_with_unmanaged_domains_only_rests_on_the_platform_in_6_12()
    {
        var rig = new GroupRig(New, driver: new ScriptedDriver(New, native: false, DomainType.Dma, DomainType.Identity));
        Assert.Equal(DomainType.Platform, rig.Group.DefaultDomain!.Type);
        rig.After(rig.Group.AttachGroup(rig.A));

        Is(Errno.None, rig.Group.DetachGroup(rig.A));

        rig.Called("detach d0 U0", "detach d1 U0");
        Assert.Same(rig.Group.DefaultDomain, rig.Group.Domain);
    }

    // 16
    [Fact]
    public void A_replacement_goes_from_old_to_new_directly()
    {
        var rig = new GroupRig(New).Claimed();
        rig.After(rig.Group.AttachGroup(rig.A));

        Is(Errno.None, rig.Group.ReplaceGroup(rig.B));
        Is(Errno.None, rig.Group.ReplaceGroup(rig.B));

        rig.Called("attach d0 U1", "attach d1 U1");
        Assert.Same(rig.B, rig.Group.Domain);
    }

    // 16: a failure goes back the same way
    [Fact]
    public void A_replacement_that_fails_goes_back_to_the_old_domain()
    {
        var rig = new GroupRig(New).Claimed();
        rig.After(rig.Group.AttachGroup(rig.A));
        rig.Driver.Failing = call => call == "attach d1 U1" ? Errno.ENOMEM : null;

        Is(Errno.ENOMEM, rig.Group.ReplaceGroup(rig.B));

        rig.Called("attach d0 U1", "attach d1 U1", "attach d0 U0", "attach d1 U0");
        Assert.Same(rig.A, rig.Group.Domain);
    }

    // 17
    [Fact]
    public void A_replacement_by_no_domain_is_refused()
    {
        var rig = new GroupRig(New).Claimed();
        rig.After(rig.Group.AttachGroup(rig.A));

        Is(Errno.EINVAL, rig.Group.ReplaceGroup(null));

        rig.Called();
    }

    // 18
    [Fact]
    public void In_6_12_a_failed_attach_leaves_both_devices_on_the_old_domain()
    {
        var rig = new GroupRig(New);
        rig.Driver.Failing = call => call == "attach d1 U0" ? Errno.EIO : null;

        Is(Errno.EIO, rig.Group.AttachGroup(rig.A));

        rig.Called("attach d0 U0", "attach d1 U0", "attach d0 Dma", "attach d1 Dma");
        Assert.Same(rig.Group.DefaultDomain, rig.Group.Domain);
        Assert.All(rig.Group.Members, member => Assert.Same(rig.Group.DefaultDomain, member.Domain));
        Assert.Empty(rig.Group.Warnings);
    }

    // 18: what the failed device was left on does not matter, the driver is asked again
    [Fact]
    public void In_6_12_a_way_back_that_fails_too_is_a_warning_and_a_blocked_device()
    {
        var rig = new GroupRig(New).Claimed();
        rig.After(rig.Group.AttachGroup(rig.A));
        rig.Driver.Failing = call => call is "attach d1 U1" or "attach d1 U0" ? Errno.EIO : null;

        Is(Errno.EIO, rig.Group.ReplaceGroup(rig.B));

        rig.Called("attach d0 U1", "attach d1 U1", "attach d0 U0", "attach d1 U0", "block d1");
        Assert.Same(rig.A, rig.Group.Domain);
        Assert.Same(rig.Group.BlockingDomain, rig.Group.Members[1].Domain);
        Assert.Single(rig.Group.Warnings);
    }

    // 19
    [Fact]
    public void In_6_1_a_failed_attach_of_a_group_is_restored_for_all_devices()
    {
        var rig = new GroupRig(Old);
        rig.Driver.Failing = call => call == "attach d1 U0" ? Errno.EIO : null;

        Is(Errno.EIO, rig.Group.AttachGroup(rig.A));

        rig.Called("attach d0 U0", "attach d1 U0", "attach d0 Dma", "attach d1 Dma");
        Assert.Same(rig.Group.DefaultDomain, rig.Group.Domain);
    }

    // 19: the hazard
    [Fact]
    public void In_6_1_without_a_default_domain_a_device_stays_on_the_domain_whose_attach_failed()
    {
        var rig = WithoutDefault();
        rig.Driver.Failing = call => call == "attach d1 U0" ? Errno.EIO : null;

        Is(Errno.EIO, rig.Group.AttachGroup(rig.A));

        rig.Called("attach d0 U0", "attach d1 U0");
        Assert.Null(rig.Group.Domain);
        Assert.Same(rig.A, rig.Group.Members[0].Domain);
    }

    // 19: no unwinding below the attach of a group
    [Fact]
    public void In_6_1_a_claim_that_fails_leaves_the_first_device_blocked()
    {
        var (old, later) = (new GroupRig(Old), new GroupRig(New));
        old.Driver.Failing = later.Driver.Failing = call => call == "block d1" ? Errno.EIO : null;

        Is(Errno.EIO, old.Group.ClaimDmaOwner(VfioOwner));
        Is(Errno.EIO, later.Group.ClaimDmaOwner(VfioOwner));

        old.Called("block d0", "block d1");
        Assert.Same(old.Group.BlockingDomain, old.Group.Members[0].Domain);
        later.Called("block d0", "block d1", "attach d0 Dma", "attach d1 Dma");
        Assert.All([old, later], rig => Assert.Equal((GroupState.Idle, rig.Group.DefaultDomain), (rig.Group.State, rig.Group.Domain)));
    }

    // 20
    [Fact]
    public void Where_a_switch_must_succeed_the_failing_device_is_blocked_and_the_group_says_new()
    {
        var rig = new GroupRig(New).Claimed();
        rig.After(rig.Group.AttachGroup(rig.A));
        rig.Driver.Failing = call => call == "attach d0 Dma" ? Errno.EIO : null;

        Is(Errno.None, rig.Group.ReleaseDmaOwner());

        rig.Called("attach d0 Dma", "block d0", "attach d1 Dma");
        Assert.Equal((rig.Group.DefaultDomain, GroupState.Idle), (rig.Group.Domain, rig.Group.State));
        Assert.Equal([rig.Group.BlockingDomain, rig.Group.DefaultDomain], rig.Group.Members.Select(member => member.Domain));
        Assert.Single(rig.Group.Warnings);
    }

    // 20: there is nothing better than blocking to try
    [Fact]
    public void A_blocking_that_fails_is_not_tried_again()
    {
        var rig = new GroupRig(New).Claimed();
        rig.After(rig.Group.AttachGroup(rig.A));
        rig.Driver.Failing = call => call == "block d0" ? Errno.EIO : null;

        Is(Errno.None, rig.Group.DetachGroup(rig.A));

        rig.Called("block d0", "block d1");
        Assert.Same(rig.Group.BlockingDomain, rig.Group.Domain);
        Assert.Same(rig.A, rig.Group.Members[0].Domain);
    }

    [Fact]
    public void In_6_1_a_release_that_fails_stops_at_the_device_and_warns()
    {
        var rig = new GroupRig(Old).Claimed();
        rig.Driver.Failing = call => call == "attach d0 Dma" ? Errno.EIO : null;

        Is(Errno.None, rig.Group.ReleaseDmaOwner());

        rig.Called("attach d0 Dma");
        Assert.Same(rig.Group.BlockingDomain, rig.Group.Domain);
        Assert.Equal(0, rig.Group.OwnerCount);
        Assert.Single(rig.Group.Warnings);
    }

    // 21
    [Theory]
    [InlineData(Old)]
    [InlineData(New)]
    public void A_device_is_attached_alone_only_where_it_is_alone(KernelVersion kernel)
    {
        var (pair, single) = (new GroupRig(kernel), new GroupRig(kernel, devices: 1));
        var member = single.Group.Members[0];

        Is(Errno.EINVAL, pair.Group.AttachDevice(pair.Group.Members[0], pair.A));
        Is(Errno.ENODEV, pair.Group.AttachDevice(member, pair.A));
        Is(Errno.None, pair.Group.DetachDevice(pair.Group.Members[0], pair.A));
        Is(Errno.None, single.Group.DetachDevice(Member(7), single.A));
        pair.Called();
        Assert.Single(pair.Group.Warnings);

        Is(Errno.None, single.Group.AttachDevice(member, single.A));
        Is(Errno.None, single.Group.DetachDevice(member, single.B));
        Is(Errno.None, single.Group.DetachDevice(member, single.A));
        single.Called("attach d0 U0", "attach d0 Dma");
        Assert.Single(single.Group.Warnings);
    }

    // 22
    [Fact]
    public void A_domain_of_another_driver_is_refused_by_6_12()
    {
        var (rig, other) = (new GroupRig(New).Claimed(), new GroupRig(New));

        Is(Errno.EINVAL, rig.Group.AttachGroup(other.A));

        rig.Called();
    }

    [Theory]
    [InlineData(Old)]
    [InlineData(New)]
    public void A_domain_that_does_not_fit_the_device_fails_the_attach(KernelVersion kernel)
    {
        var rig = new GroupRig(kernel).Claimed();
        rig.Driver.Failing = call => call == "finalise d0 U0" ? Errno.EINVAL : null;

        Is(Errno.EINVAL, rig.Group.AttachGroup(rig.A));

        Assert.DoesNotContain("attach d0 U0", rig.Driver.Calls);
        Assert.Same(rig.Group.BlockingDomain, rig.Group.Domain);
    }
}
