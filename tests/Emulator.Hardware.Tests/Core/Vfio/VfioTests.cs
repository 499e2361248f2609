using Emulator.Hardware.Core;
using Emulator.Hardware.Core.Iommufd;
using Emulator.Hardware.Core.Vfio;
using Emulator.Hardware.Drivers;
using Emulator.Hardware.PageTables;
using Emulator.Hardware.Tests.Core.Iommufd;
using static Emulator.Hardware.Tests.Core.Iommufd.IommufdBench;

namespace Emulator.Hardware.Tests.Core.Vfio;

/// <summary>Who owns a group under VFIO, by container, by iommufd through the group, and by device files.</summary>
public sealed class VfioTests : IDisposable
{
    private readonly IommufdBench _bench = new();
    private readonly VfioContainer _container = new();

    // Invariant 41.
    [Fact]
    public void A_group_is_opened_once_and_not_beside_device_files()
    {
        var group = Group("a", "b");
        var (file, twin) = (group.Devices[0].OpenCdev(), group.Devices[0].OpenCdev());
        Assert.Equal(Errno.None, group.Open());
        Assert.Equal(Errno.EBUSY, group.Open());
        _bench.Fails(Errno.EBUSY, file.BindIommufd(_bench.Context));
        _bench.Ok(group.Close());

        _bench.Ok(file.BindIommufd(_bench.Context));

        Assert.Equal(Errno.EBUSY, group.Open());
        _bench.Fails(Errno.EINVAL, file.BindIommufd(_bench.Context));
        _bench.Fails(Errno.EINVAL, twin.BindIommufd(_bench.Context));
        _bench.Fails(Errno.EPERM, group.Devices[1].OpenCdev().BindIommufd(new IommufdContext(_bench.Memory)));
        _bench.Ok(group.Devices[1].OpenCdev().BindIommufd(_bench.Context));
        _bench.Ok(file.Close());
        _bench.Ok(file.Close());
        _bench.Fails(Errno.EBUSY, group.Group.UseDefaultDomain());
    }

    // Invariants 42 and 43.
    [Fact]
    public void A_container_claims_its_groups_until_the_last_file_is_closed()
    {
        var group = Opened("a");
        _bench.Fails(Errno.EINVAL, _container.SetIommu());
        _bench.Fails(Errno.EINVAL, group.UnsetContainer());
        _bench.Fails(Errno.EINVAL, group.GetDevice(group.Devices[0], _ => { }));
        _bench.Ok(group.SetContainer(_container));
        Assert.Equal((group, GroupState.Claimed), (group.Group.Owner, group.Group.State));
        _bench.Fails(Errno.EINVAL, group.SetContainer(new VfioContainer()));
        _bench.Fails(Errno.EINVAL, group.GetDevice(group.Devices[0], _ => { }));

        _bench.Ok(_container.SetIommu());
        _bench.Fails(Errno.EINVAL, _container.SetIommu());
        Assert.Equal(GroupState.ClaimedAttached, group.Group.State);
        VfioDeviceFile? file = null;
        _bench.Ok(group.GetDevice(group.Devices[0], opened => file = opened));
        _bench.Fails(Errno.EINVAL, file!.BindIommufd(_bench.Context));
        _bench.Fails(Errno.EINVAL, file.Attach(1));
        _bench.Fails(Errno.EBUSY, group.UnsetContainer());

        _bench.Ok(group.Close());
        Assert.True(group.IsOpen);
        _bench.Ok(file.Close());

        Assert.False(group.IsOpen);
        Assert.Equal(GroupState.Idle, group.Group.State);
        Assert.False(_container.HasIommu);
        _bench.Ok(group.Group.UseDefaultDomain());
        Assert.Equal(Errno.None, group.Open());
        _bench.Fails(Errno.EPERM, group.SetContainer(_container));
    }

    [Fact]
    public void Groups_of_a_container_see_the_same_mappings()
    {
        var (first, second) = (Opened("a"), Opened("b"));
        _bench.Ok(first.SetContainer(_container));
        _bench.Fails(Errno.EINVAL, _container.MapDma(UserMemory.At(Ram, Page), Base, Protection.Read));
        _bench.Ok(_container.SetIommu());
        _bench.Ok(_container.MapDma(UserMemory.At(Ram, 2 * Page), Base, Protection.Read | Protection.Write));
        _bench.Fails(Errno.EEXIST, _container.MapDma(UserMemory.At(Ram, Page), Base, Protection.Read));
        _bench.Fails(Errno.EINVAL, _container.MapDma(UserMemory.At(Ram, Page), Base + (8 * Page), Protection.None));

        _bench.Ok(second.SetContainer(_container));
        Assert.Equal((Ram, Ram), (Dma(first), Dma(second)));
        _bench.Fails(Errno.EINVAL, _container.UnmapDma(Base, Page));
        _bench.Fails(Errno.EINVAL, _container.UnmapDma(Base, 0));
        Assert.Equal(0, _bench.Ok(_container.UnmapDma(Base + (8 * Page), Page)));

        _bench.Ok(first.UnsetContainer());
        Assert.Equal((Base, Ram), (Dma(first), Dma(second)));
        Assert.Equal((long)(2 * Page), _bench.Ok(_container.UnmapDma(Base, 2 * Page)));
        Assert.Null(Dma(second));
    }

    [Fact]
    public void A_group_that_does_not_fit_is_given_back()
    {
        var first = Opened("a");
        _bench.Ok(first.SetContainer(_container));
        _bench.Ok(_container.SetIommu());
        _bench.Ok(_container.MapDma(UserMemory.At(Ram, Page), Base, Protection.Read));
        var conflicting = Opened(["b"], own => new IommuDevice(_bench.Driver, own.Group, own.Member) { ReservedRegions = [new(new IovaRange(Base, Base + 1))] });
        var exposed = Opened(["c"], own => new IommuDevice(_bench.Driver, own.Group, own.Member) { IsolatedMsi = false });

        _bench.Fails(Errno.EINVAL, conflicting.SetContainer(_container));
        _bench.Fails(Errno.EPERM, exposed.SetContainer(_container));

        Assert.Equal((GroupState.Idle, GroupState.Idle), (conflicting.Group.State, exposed.Group.State));
        Assert.Equal([first], _container.Groups);
    }

    [Fact]
    public void Groups_without_an_IOMMU_keep_to_themselves()
    {
        var real = Opened("a");
        var own = _bench.Group("n");
        var bare = new VfioGroup(own[0].Group, own) { IsNoIommu = true };
        Assert.Equal(Errno.None, bare.Open());
        _bench.Ok(bare.SetContainer(_container));
        Assert.Equal(GroupState.Idle, bare.Group.State);

        _bench.Fails(Errno.EPERM, real.SetContainer(_container));
        Assert.Equal(Errno.EPERM, new VfioGroup(own[0].Group, own, new VfioOptions { HasRawIo = false }) { IsNoIommu = true }.Open());
    }

    [Fact]
    public void An_iommufd_given_to_a_group_claims_with_the_first_device_and_releases_with_the_last()
    {
        var group = Opened("a", "b");
        Assert.Equal(Errno.None, group.SetContainer(_bench.Context));
        Assert.Equal(Errno.EINVAL, group.SetContainer(_bench.Context));
        Assert.Equal(GroupState.Idle, group.Group.State);
        var files = new List<VfioDeviceFile>();
        foreach (var device in (VfioDevice[])[group.Devices[0], group.Devices[0], group.Devices[1]])
            _bench.Ok(group.GetDevice(device, files.Add));
        Assert.Equal((GroupState.ClaimedAttached, _bench.Context), (group.Group.State, group.Group.Owner));
        Assert.Equal(_bench.Context.CompatIoas, group.Devices[1].Bound!.Hwpt!.Paging.Ioas);
        _bench.Fails(Errno.EBUSY, group.UnsetContainer());

        foreach (var file in files)
        {
            Assert.Equal(_bench.Context, group.Group.Owner);
            _bench.Ok(file.Close());
        }

        Assert.Equal(GroupState.Idle, group.Group.State);
        _bench.Ok(group.UnsetContainer());
        _bench.Ok(group.Group.UseDefaultDomain());
    }

    // Selftest 48: no IOAS for compatibility.
    [Fact]
    public void Without_an_IOAS_for_compatibility_no_device_is_opened()
    {
        var group = Opened("a");
        Assert.Equal(Errno.None, group.SetContainer(_bench.Context));
        _bench.Ok(_bench.Context.Destroy(_bench.Context.CompatIoas!.Id));

        _bench.Fails(Errno.ENODEV, group.GetDevice(group.Devices[0], _ => { }));
    }

    [Fact]
    public void A_device_file_attaches_moves_and_gives_back_at_the_close()
    {
        var group = Group("a");
        var file = group.Devices[0].OpenCdev();
        var (ioas, other) = (_bench.Context.AllocateIoas(), _bench.Context.AllocateIoas());
        _bench.MapAt(ioas, Base, Page);
        _bench.Fails(Errno.EINVAL, file.Attach(ioas.Id));
        _bench.Fails(Errno.EINVAL, file.Detach());
        _bench.Ok(file.BindIommufd(_bench.Context));
        Assert.Equal(GroupState.Claimed, group.Group.State);
        _bench.Ok(file.Detach());

        _bench.Ok(file.Attach(ioas.Id));
        Assert.Equal(Ram, Dma(group));
        _bench.Ok(file.Attach(other.Id));
        Assert.Null(Dma(group));
        _bench.Ok(file.Close());

        Assert.Equal(GroupState.Idle, group.Group.State);
        _bench.Ok(group.Group.UseDefaultDomain());
        _bench.Fails(Errno.EPERM, group.Devices[0].OpenCdev().BindIommufd(_bench.Context));
        _bench.Fails(Errno.EINVAL, file.Attach(ioas.Id));
    }

    public void Dispose() => _bench.Dispose();

    private ulong? Dma(VfioGroup group) => _bench.Driver.Dma(group.Devices[0].Iommu.Device, Base);

    private VfioGroup Group(params string[] names)
    {
        var devices = _bench.Group(names);
        return new VfioGroup(devices[0].Group, devices);
    }

    private VfioGroup Opened(params string[] names)
    {
        var group = Group(names);
        Assert.Equal(Errno.None, group.Open());
        return group;
    }

    private VfioGroup Opened(string[] names, Func<(IommuGroup Group, GroupMember Member), IommuDevice> device)
    {
        var devices = _bench.Group(names, device);
        var group = new VfioGroup(devices[0].Group, devices);
        Assert.Equal(Errno.None, group.Open());
        return group;
    }
}
