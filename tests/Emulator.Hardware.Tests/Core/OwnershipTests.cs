using Emulator.Hardware.Core;
using Emulator.Hardware.Drivers;
using static Emulator.Hardware.Tests.Core.GroupRig;

namespace Emulator.Hardware.Tests.Core;

/// <summary>Whose a group is: claims, releases and bound drivers. Numbers are those of docs/CORE.md.</summary>
public sealed class OwnershipTests
{
    private const KernelVersion Old = KernelVersion.Linux61;
    private const KernelVersion New = KernelVersion.Linux612;

    // 1
    [Theory]
    [InlineData(Old)]
    [InlineData(New)]
    public void A_claim_of_an_idle_group_blocks_every_device_first(KernelVersion kernel)
    {
        var rig = new GroupRig(kernel);

        foreach (var step in rig.Group.ClaimDmaOwner(VfioOwner))
        {
            if (step.Kind == DriverStepKind.Return)
                Assert.Equal(0, step.Result);
            else
                Assert.Null(rig.Group.Owner);
        }

        rig.Called("block d0", "block d1");
        Assert.All(rig.Group.Members, member => Assert.Same(rig.Group.BlockingDomain, member.Domain));
        Assert.Equal((VfioOwner, 1, GroupState.Claimed), (rig.Group.Owner, rig.Group.OwnerCount, rig.Group.State));
    }

    // 1: the blocker of drivers that have none of their own, made once and kept
    [Theory]
    [InlineData(Old)]
    [InlineData(New)]
    public void A_driver_without_a_blocking_domain_gets_an_empty_one(KernelVersion kernel)
    {
        var rig = new GroupRig(kernel, driver: new ScriptedDriver(kernel, native: false)).Claimed();
        var blocking = rig.Group.BlockingDomain;

        rig.After(rig.Group.ReleaseDmaOwner()).Claimed();

        Assert.Equal(DomainType.Unmanaged, blocking!.Type);
        Assert.Same(blocking, rig.Group.BlockingDomain);
    }

    [Theory]
    [InlineData(Old, Errno.EINVAL)]
    [InlineData(New, Errno.ENOSPC)]
    public void A_claim_without_a_blocking_domain_changes_nothing(KernelVersion kernel, Errno expected)
    {
        var rig = new GroupRig(kernel);
        rig.Driver.NoDomains = Errno.ENOSPC;

        Is(expected, rig.Group.ClaimDmaOwner(VfioOwner));

        rig.Called();
        Assert.Equal(GroupState.Idle, rig.Group.State);
    }

    // 2
    [Theory]
    [InlineData(Old)]
    [InlineData(New)]
    public void A_claim_while_drivers_are_bound_is_refused(KernelVersion kernel)
    {
        var rig = new GroupRig(kernel);
        rig.After(rig.Group.UseDefaultDomain());

        Is(Errno.EPERM, rig.Group.ClaimDmaOwner(VfioOwner));

        rig.Called();
        Assert.Equal(GroupState.Kernel, rig.Group.State);
    }

    // 3
    [Theory]
    [InlineData(Old)]
    [InlineData(New)]
    public void A_second_claim_of_the_group_is_refused_to_its_owner_too(KernelVersion kernel)
    {
        var rig = new GroupRig(kernel).Claimed();

        Is(Errno.EPERM, rig.Group.ClaimDmaOwner(VfioOwner));

        Assert.Equal(1, rig.Group.OwnerCount);
    }

    // 3, 4, 10
    [Fact]
    public void Claims_by_device_count_for_one_owner()
    {
        var rig = new GroupRig(New);
        var (first, second) = (rig.Group.Members[0], rig.Group.Members[1]);
        rig.After(rig.Group.ClaimDeviceDmaOwner(first, VfioOwner), rig.Group.ClaimDeviceDmaOwner(second, VfioOwner));

        Assert.Equal(2, rig.Group.OwnerCount);
        Is(Errno.EPERM, rig.Group.ClaimDeviceDmaOwner(first, new object()));
        Is(Errno.EINVAL, rig.Group.ClaimDeviceDmaOwner(first, null));
        Is(Errno.ENODEV, rig.Group.ClaimDeviceDmaOwner(Member(7), VfioOwner));
        Assert.Single(rig.Group.Warnings);

        Is(Errno.None, rig.Group.ReleaseDeviceDmaOwner(first));
        rig.Called();
        Assert.Equal((1, GroupState.Claimed), (rig.Group.OwnerCount, rig.Group.State));

        Is(Errno.None, rig.Group.ReleaseDeviceDmaOwner(second));
        rig.Called("attach d0 Dma", "attach d1 Dma");
        Assert.Equal((0, GroupState.Idle), (rig.Group.OwnerCount, rig.Group.State));
    }

    [Fact]
    public void Linux_6_1_has_no_claims_by_device()
    {
        var rig = new GroupRig(Old);

        Is(Errno.EOPNOTSUPP, rig.Group.ClaimDeviceDmaOwner(rig.Group.Members[0], VfioOwner));
        Is(Errno.EOPNOTSUPP, rig.Group.ReleaseDeviceDmaOwner(rig.Group.Members[0]));
    }

    // 5
    [Theory]
    [InlineData(Old)]
    [InlineData(New)]
    public void A_claim_of_a_group_in_a_foreign_domain_is_refused(KernelVersion kernel)
    {
        var rig = new GroupRig(kernel);
        rig.After(rig.Group.AttachGroup(rig.A));

        Is(Errno.EBUSY, rig.Group.ClaimDmaOwner(VfioOwner));

        Assert.Equal((rig.A, GroupState.ForeignAttached), (rig.Group.Domain, rig.Group.State));
    }

    // 6
    [Fact]
    public void An_owner_of_null_is_refused_by_6_12_and_accepted_by_6_1()
    {
        var (later, before) = (new GroupRig(New), new GroupRig(Old));

        Is(Errno.EINVAL, later.Group.ClaimDmaOwner(null));
        Is(Errno.None, before.Group.ClaimDmaOwner(null));
        Is(Errno.None, before.Group.ReleaseDmaOwner());

        Assert.Single(later.Group.Warnings);
        Assert.Single(before.Group.Warnings);
        Assert.Equal(1, before.Group.OwnerCount);
    }

    // 7, 11, 25
    [Fact]
    public void An_attached_pasid_keeps_the_owner_where_it_is()
    {
        var rig = new GroupRig(New, driver: new ScriptedPasidDriver(New));
        var member = rig.Group.Members[0];
        rig.After(rig.Group.AttachPasid(rig.A, member, 3));
        Is(Errno.EBUSY, rig.Group.ClaimDmaOwner(VfioOwner));

        rig.After(rig.Group.UseDefaultDomain());
        Is(Errno.EBUSY, rig.Group.UseDefaultDomain());
        rig.Group.UnuseDefaultDomain();
        Assert.Equal(1, rig.Group.OwnerCount);

        rig.After(rig.Group.DetachPasid(rig.A, member, 3));
        rig.Group.UnuseDefaultDomain();
        rig.Claimed().After(rig.Group.AttachPasid(rig.A, member, 3));
        Is(Errno.None, rig.Group.ReleaseDmaOwner());
        Assert.Equal(GroupState.Claimed, rig.Group.State);
        Assert.Equal(2, rig.Group.Warnings.Count);
    }

    // 8
    [Theory]
    [InlineData(Old)]
    [InlineData(New)]
    public void A_driver_cannot_bind_while_the_group_is_owned(KernelVersion kernel)
    {
        var rig = new GroupRig(kernel).Claimed();
        Is(Errno.EBUSY, rig.Group.UseDefaultDomain());

        rig.After(rig.Group.ReleaseDmaOwner());

        Is(Errno.None, rig.Group.UseDefaultDomain());
    }

    // 9
    [Theory]
    [InlineData(Old, DomainType.Dma, Errno.EBUSY)]
    [InlineData(Old, DomainType.Identity, Errno.None)]
    [InlineData(New, DomainType.Dma, Errno.EBUSY)]
    [InlineData(New, DomainType.Identity, Errno.EBUSY)]
    public void A_second_driver_does_not_bind_beside_one_that_left_the_default_domain(KernelVersion kernel, DomainType type, Errno expected)
    {
        var rig = new GroupRig(kernel, options: new IommuGroupOptions { DefaultDomainType = type });
        rig.After(rig.Group.UseDefaultDomain(), rig.Group.AttachGroup(rig.Group.AllocateDomain(type == DomainType.Identity ? type : DomainType.Unmanaged)));

        Is(expected, rig.Group.UseDefaultDomain());
    }

    // 10
    [Theory]
    [InlineData(Old)]
    [InlineData(New)]
    public void A_release_of_a_group_that_nobody_owns_only_warns(KernelVersion kernel)
    {
        var rig = new GroupRig(kernel);
        rig.After(rig.Group.UseDefaultDomain());

        Is(Errno.None, rig.Group.ReleaseDmaOwner());

        rig.Called();
        Assert.Single(rig.Group.Warnings);
        Assert.Equal(GroupState.Kernel, rig.Group.State);
    }

    // 25
    [Theory]
    [InlineData(Old)]
    [InlineData(New)]
    public void The_count_of_bound_drivers_stays_at_0(KernelVersion kernel)
    {
        var rig = new GroupRig(kernel);

        rig.Group.UnuseDefaultDomain();

        Assert.Equal(0, rig.Group.OwnerCount);
        Assert.Single(rig.Group.Warnings);
    }

    [Theory]
    [InlineData(Old, Errno.None)]
    [InlineData(New, Errno.EPROBE_DEFER)]
    public void A_driver_that_binds_before_the_end_of_the_probe_waits_in_6_12(KernelVersion kernel, Errno expected)
    {
        var group = new IommuGroup(new ScriptedDriver(kernel), [Member(0)]);

        Is(expected, group.UseDefaultDomain());

        Assert.Equal(expected == Errno.None ? 1 : 0, group.OwnerCount);
    }

    [Fact]
    public void Nothing_changes_before_a_sequence_is_enumerated()
    {
        var rig = new GroupRig(New);

        var claim = rig.Group.ClaimDmaOwner(VfioOwner);
        rig.After(rig.Group.UseDefaultDomain());

        Is(Errno.EPERM, claim);
    }
}
