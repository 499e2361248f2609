using Emulator.Hardware.Core;
using Emulator.Hardware.Drivers;
using static Emulator.Hardware.Tests.Core.GroupRig;

namespace Emulator.Hardware.Tests.Core;

/// <summary>6.12's attachments by PASID and attach handles. Numbers are those of docs/CORE.md.</summary>
public sealed class PasidTests
{
    private readonly GroupRig _rig = new(KernelVersion.Linux612, driver: new ScriptedPasidDriver(KernelVersion.Linux612));

    private IommuGroup Group => _rig.Group;

    private GroupMember First => _rig.Group.Members[0];

    // 28
    [Fact]
    public void A_pasid_has_conditions()
    {
        Is(Errno.EINVAL, Group.AttachPasid(_rig.A, First, 0));
        Is(Errno.EINVAL, Group.AttachPasid(_rig.A, First, 16));
        Is(Errno.EINVAL, Group.AttachPasid(new GroupRig(KernelVersion.Linux612).A, First, 1));
        Is(Errno.ENODEV, Group.AttachPasid(_rig.A, Member(7), 1));
        _rig.Called();

        Is(Errno.None, Group.AttachPasid(_rig.A, First, 15));
        Is(Errno.EBUSY, Group.AttachPasid(_rig.A, First, 15));
        _rig.Called("attach d0 U0 pasid 15", "attach d1 U0 pasid 15");
    }

    // 28
    [Theory]
    [InlineData(KernelVersion.Linux61, true)]
    [InlineData(KernelVersion.Linux612, false)]
    public void A_driver_or_a_kernel_without_pasids_does_not_support_it(KernelVersion kernel, bool driverHas)
    {
        var rig = new GroupRig(kernel, driver: driverHas ? new ScriptedPasidDriver(kernel) : null);

        Is(Errno.EOPNOTSUPP, rig.Group.AttachPasid(rig.A, rig.Group.Members[0], 1));
        Is(Errno.None, rig.Group.DetachPasid(rig.A, rig.Group.Members[0], 1));
    }

    // 28: the smallest of the members counts
    [Fact]
    public void A_member_without_pasids_keeps_them_from_all()
    {
        var rig = new GroupRig(
            KernelVersion.Linux612,
            members: member => new GroupMember(member.Device) { MaxPasids = member.Device.Name == "d1" ? 0u : 16 },
            driver: new ScriptedPasidDriver(KernelVersion.Linux612));

        Is(Errno.EINVAL, rig.Group.AttachPasid(rig.A, rig.Group.Members[0], 1));
    }

    // 29
    [Fact]
    public void A_pasid_is_attached_to_all_members_or_to_none()
    {
        _rig.Driver.Failing = call => call == "attach d1 U0 pasid 1" ? Errno.EIO : null;

        Is(Errno.EIO, Group.AttachPasid(_rig.A, First, 1));

        _rig.Called("attach d0 U0 pasid 1", "attach d1 U0 pasid 1", "detach d0 pasid 1");
        _rig.Driver.Failing = _ => null;
        Is(Errno.None, Group.AttachPasid(_rig.A, First, 1));
    }

    [Fact]
    public void A_detach_takes_the_pasid_from_every_member()
    {
        _rig.After(Group.AttachPasid(_rig.A, First, 1));

        Is(Errno.None, Group.DetachPasid(_rig.A, First, 1));

        _rig.Called("detach d0 pasid 1", "detach d1 pasid 1");
    }

    // 30
    [Fact]
    public void A_group_has_one_handle_at_a_time()
    {
        var (first, second) = (new AttachHandle(), new AttachHandle());
        Refused(Errno.ENOENT, 0);

        Is(Errno.None, Group.AttachGroupHandle(_rig.A, first));
        Is(Errno.EBUSY, Group.AttachGroupHandle(_rig.B, second));

        Assert.Same(first, Group.GetHandle(0));
        Assert.Same(first, Group.GetHandle(0, DomainType.Unmanaged));
        Refused(Errno.EBUSY, 0, DomainType.Dma);
        Is(Errno.None, Group.DetachGroupHandle(_rig.A));
        Refused(Errno.ENOENT, 0);
        Assert.Equal(GroupState.Idle, Group.State);
    }

    // 30
    [Fact]
    public void A_pasid_is_found_by_its_handle_if_it_has_one()
    {
        var handle = new AttachHandle();
        _rig.After(Group.AttachPasid(_rig.A, First, 1, handle), Group.AttachPasid(_rig.A, First, 2));

        Assert.Same(handle, Group.GetHandle(1));
        Assert.Same(_rig.A, handle.Domain);
        Refused(Errno.ENOENT, 2);
    }

    [Fact]
    public void A_failed_attach_frees_the_slot_and_a_failed_replacement_keeps_the_handle()
    {
        var (first, second) = (new AttachHandle(), new AttachHandle());
        _rig.Driver.Failing = call => call == "attach d0 U1" ? Errno.EIO : null;

        Is(Errno.EIO, Group.AttachGroupHandle(_rig.B, first));
        Is(Errno.None, Group.AttachGroupHandle(_rig.A, first));
        Is(Errno.EIO, Group.ReplaceGroupHandle(_rig.B, second));
        Is(Errno.EINVAL, Group.ReplaceGroupHandle(null, second));
        Assert.Same(first, Group.GetHandle(0));

        _rig.Driver.Failing = _ => null;
        Is(Errno.None, Group.ReplaceGroupHandle(_rig.B, second));
        Assert.Same(second, Group.GetHandle(0));
        Is(Errno.None, Group.ReplaceGroupHandle(_rig.A, null));
        Refused(Errno.ENOENT, 0);
    }

    // A handle is in the same array as the PASIDs.
    [Fact]
    public void A_group_with_a_handle_is_not_released()
    {
        _rig.Claimed().After(Group.AttachGroupHandle(_rig.A, new AttachHandle()));

        Is(Errno.None, Group.ReleaseDmaOwner());

        Assert.Equal(GroupState.ClaimedAttached, Group.State);
        Assert.Single(Group.Warnings);
    }

    [Fact]
    public void Linux_6_1_has_no_handles()
    {
        var rig = new GroupRig(KernelVersion.Linux61);

        Is(Errno.EOPNOTSUPP, rig.Group.AttachGroupHandle(rig.A, new AttachHandle()));
        Is(Errno.EOPNOTSUPP, rig.Group.ReplaceGroupHandle(rig.A, new AttachHandle()));
    }

    private void Refused(Errno expected, uint pasid, DomainType? type = null) =>
        Assert.Equal(expected, Assert.Throws<DriverException>(() => Group.GetHandle(pasid, type)).Errno);
}
