using Emulator.Hardware.Core;
using Emulator.Hardware.Drivers;
using static Emulator.Hardware.Tests.Core.GroupRig;

namespace Emulator.Hardware.Tests.Core;

/// <summary>The group's sysfs file "type". Numbers are those of docs/CORE.md.</summary>
public sealed class DefaultDomainTypeTests
{
    private const KernelVersion Old = KernelVersion.Linux61;
    private const KernelVersion New = KernelVersion.Linux612;

    // 26
    [Theory]
    [InlineData(Old, Errno.EBUSY)]
    [InlineData(New, Errno.EPERM)]
    public void A_bound_driver_keeps_the_default_domain(KernelVersion kernel, Errno expected)
    {
        var rig = new GroupRig(kernel, devices: 1);
        rig.After(rig.Group.UseDefaultDomain());

        Is(expected, rig.Group.SetDefaultDomainType(DomainType.Identity));

        rig.Called();
    }

    // 26
    [Theory]
    [InlineData(Old, Errno.EINVAL, DomainType.Dma)]
    [InlineData(New, Errno.None, DomainType.Identity)]
    public void Two_devices_are_too_many_for_6_1(KernelVersion kernel, Errno expected, DomainType then)
    {
        var rig = new GroupRig(kernel);

        Is(expected, rig.Group.SetDefaultDomainType(DomainType.Identity));

        Assert.Equal(then, rig.Group.DefaultDomain!.Type);
    }

    // 27
    [Theory]
    [InlineData(Old, 1, Errno.None)]
    [InlineData(Old, 2, Errno.EINVAL)]
    [InlineData(New, 1, Errno.None)]
    [InlineData(New, 2, Errno.None)]
    public void A_flush_queue_is_added_under_a_bound_driver(KernelVersion kernel, int devices, Errno expected)
    {
        var rig = new GroupRig(kernel, devices);
        rig.After(rig.Group.UseDefaultDomain());
        var domain = rig.Group.DefaultDomain;

        Is(expected, rig.Group.SetDefaultDomainType(DomainType.DmaFlushQueue));

        rig.Called();
        Assert.Same(domain, rig.Group.DefaultDomain);
        Assert.Equal(expected == Errno.None ? DomainType.DmaFlushQueue : DomainType.Dma, domain!.Type);
    }

    [Theory]
    [InlineData(Old)]
    [InlineData(New)]
    public void An_idle_group_moves_to_the_new_type_and_back(KernelVersion kernel)
    {
        var rig = new GroupRig(kernel, devices: 1);

        Is(Errno.None, rig.Group.SetDefaultDomainType(DomainType.Identity));
        Is(Errno.None, rig.Group.SetDefaultDomainType(DomainType.Identity));
        Is(Errno.None, rig.Group.SetDefaultDomainType(null));

        rig.Called("attach d0 Identity", "free Dma", "attach d0 Dma");
        Assert.Equal((DomainType.Dma, GroupState.Idle), (rig.Group.Domain!.Type, rig.Group.State));
    }

    [Theory]
    [InlineData(Old)]
    [InlineData(New)]
    public void A_type_that_cannot_be_attached_leaves_the_former(KernelVersion kernel)
    {
        var rig = new GroupRig(kernel, devices: 1);
        var former = rig.Group.DefaultDomain;
        rig.Driver.Failing = call => call == "attach d0 Identity" ? Errno.EIO : null;

        Is(Errno.EIO, rig.Group.SetDefaultDomainType(DomainType.Identity));

        Assert.Equal((former, former), (rig.Group.DefaultDomain, rig.Group.Domain));
    }

    [Theory]
    [InlineData(Old)]
    [InlineData(New)]
    public void Only_types_of_default_domains_are_known(KernelVersion kernel)
    {
        var rig = new GroupRig(kernel, devices: 1);

        Is(Errno.EINVAL, rig.Group.SetDefaultDomainType(DomainType.Blocked));
        Is(Errno.EINVAL, new IommuGroup(rig.Driver, [Member(0)]).SetDefaultDomainType(DomainType.Identity));
    }

    [Fact]
    public void An_empty_group_is_refused_by_6_12()
    {
        var rig = new GroupRig(New, devices: 0);

        Is(Errno.EPERM, rig.Group.SetDefaultDomainType(DomainType.Identity));
    }
}
