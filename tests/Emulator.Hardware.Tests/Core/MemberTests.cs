using Emulator.Hardware.Core;
using Emulator.Hardware.Drivers;
using static Emulator.Hardware.Tests.Core.GroupRig;

namespace Emulator.Hardware.Tests.Core;

/// <summary>What a device brings into its group: direct regions, a deferred attach, its release. Numbers are those of docs/CORE.md.</summary>
public sealed class MemberTests
{
    private const KernelVersion Old = KernelVersion.Linux61;
    private const KernelVersion New = KernelVersion.Linux612;

    // 23
    [Fact]
    public void A_device_with_direct_regions_is_not_blocked_by_6_12()
    {
        var rig = Direct(New);

        Is(Errno.EINVAL, rig.Group.ClaimDmaOwner(VfioOwner));

        Assert.DoesNotContain(rig.Driver.Calls, call => call.StartsWith("block d1", StringComparison.Ordinal));
        Assert.Same(rig.Group.DefaultDomain, rig.Group.Domain);
        Assert.Null(rig.Group.Owner);
        Is(Errno.None, Direct(Old).Group.ClaimDmaOwner(VfioOwner));
    }

    // 23: an empty domain is a blocking one too
    [Fact]
    public void Nor_by_an_empty_domain()
    {
        var rig = Direct(New, new ScriptedDriver(New, native: false));

        Is(Errno.EINVAL, rig.Group.ClaimDmaOwner(VfioOwner));

        Assert.Same(rig.Group.DefaultDomain, rig.Group.Domain);
    }

    // 24
    [Fact]
    public void A_release_domain_of_identity_is_what_remains_for_a_direct_device()
    {
        var options = new IommuGroupOptions { ReleaseDomainType = DomainType.Identity };
        var rig = new GroupRig(New, 1, options, member => new GroupMember(member.Device) { RequiresDirect = true });
        var member = rig.Group.Members[0];

        Is(Errno.None, rig.Group.ReleaseDevice(member));

        rig.Called("attach d0 Identity", "release d0", "free Dma");
        Assert.Equal(DomainType.Identity, member.Domain!.Type);
    }

    [Theory]
    [InlineData(Old)]
    [InlineData(New)]
    public void The_last_device_takes_the_groups_domains_with_it(KernelVersion kernel)
    {
        var rig = new GroupRig(kernel, options: new IommuGroupOptions { ReleaseDomainType = DomainType.Identity }).Claimed();
        var (first, second) = (rig.Group.Members[0], rig.Group.Members[1]);

        Is(Errno.None, rig.Group.ReleaseDevice(first));
        Is(Errno.ENODEV, rig.Group.ReleaseDevice(first));
        Assert.NotNull(rig.Group.DefaultDomain);
        Is(Errno.None, rig.Group.ReleaseDevice(second));

        string[] old = ["release d0", "release d1", "free Dma"];
        rig.Called(kernel == Old ? old : ["attach d0 Identity", "release d0", "attach d1 Identity", "release d1", "free Dma"]);
        Assert.Null(rig.Group.DefaultDomain);
        Assert.Null(rig.Group.BlockingDomain);
    }

    // Deferred attach
    [Theory]
    [InlineData(Old)]
    [InlineData(New)]
    public void A_deferred_device_is_attached_by_its_first_mapping(KernelVersion kernel)
    {
        var rig = Deferred(kernel);
        var member = rig.Group.Members[1];
        Assert.Null(member.Domain);

        Is(Errno.None, rig.Group.DeferredAttach(member));
        Is(Errno.None, rig.Group.DeferredAttach(member));

        rig.Called("attach d1 Dma");
        Assert.False(member.AttachDeferred);
    }

    [Theory]
    [InlineData(Old)]
    [InlineData(New)]
    public void A_claim_does_not_wait_for_a_deferred_device(KernelVersion kernel)
    {
        var rig = Deferred(kernel);

        Is(Errno.None, rig.Group.ClaimDmaOwner(VfioOwner));
        Is(Errno.None, rig.Group.ReleaseDmaOwner());

        rig.Called("block d0", "block d1", "attach d0 Dma", "attach d1 Dma");
    }

    private static GroupRig Direct(KernelVersion kernel, ScriptedDriver? driver = null) => new(
        kernel, members: member => new GroupMember(member.Device) { RequiresDirect = member.Device.Name == "d1" }, driver: driver);

    private static GroupRig Deferred(KernelVersion kernel) =>
        new(kernel, members: member => new GroupMember(member.Device) { AttachDeferred = member.Device.Name == "d1" });
}
