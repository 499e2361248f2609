using Emulator.Hardware.Core;
using Emulator.Hardware.Core.Iommufd;
using Emulator.Hardware.Drivers;
using static Emulator.Hardware.Tests.Core.Iommufd.IommufdBench;

namespace Emulator.Hardware.Tests.Core.Iommufd;

/// <summary>Binding, attaching and replacing devices.</summary>
public sealed class DeviceTests : IDisposable
{
    private readonly IommufdBench _bench = new();

    [Fact]
    public void A_bound_device_is_blocked_and_a_released_one_is_back_in_its_default_domain()
    {
        var device = _bench.Group("a")[0];
        var bound = _bench.Bind(device);
        Assert.Equal((_bench.Context, DomainType.Blocked), (device.Group.Owner, _bench.Driver.Attached["a"].Type));
        _bench.Fails(Errno.EBUSY, device.Group.UseDefaultDomain());

        _bench.Ok(bound.Unbind());

        Assert.Equal((null, device.Group.DefaultDomain), (device.Group.Owner, device.Group.Domain));
        _bench.Ok(device.Group.UseDefaultDomain());
        _bench.Fails(Errno.EPERM, _bench.Context.Bind(device));
        _bench.Fails(Errno.ENOENT, bound.Unbind());
    }

    [Fact]
    public void Devices_that_cannot_be_bound()
    {
        using var unsafeBench = new IommufdBench(new IommufdOptions { AllowUnsafeInterrupts = true });
        var old = new MockDriver { Kernel = KernelVersion.Linux61 };

        IommuDevice Device(IommufdBench bench, bool coherent = true, bool isolated = true, bool direct = false, MockDriver? driver = null) =>
            bench.Group(["x"], own =>
            {
                var member = direct ? new GroupMember(own.Member.Device) { RequiresDirect = true } : own.Member;
                var group = direct ? new IommuGroup(bench.Driver, [member], IommufdBench.Resting) : own.Group;
                bench.Ok(group.AttachDefault());
                return new IommuDevice(driver ?? bench.Driver, group, member) { CacheCoherency = coherent, IsolatedMsi = isolated };
            })[0];

        _bench.Fails(Errno.EINVAL, _bench.Context.Bind(Device(_bench, coherent: false)));
        _bench.Fails(Errno.EPERM, _bench.Context.Bind(Device(_bench, isolated: false)));
        unsafeBench.Ok(unsafeBench.Context.Bind(Device(unsafeBench, isolated: false)));
        _bench.Fails(Errno.EINVAL, _bench.Context.Bind(Device(_bench, direct: true)));
        _bench.Fails(Errno.EOPNOTSUPP, _bench.Context.Bind(Device(_bench, driver: old)));
        var taken = Device(_bench);
        _bench.Ok(taken.Group.ClaimDmaOwner(new object()));
        _bench.Fails(Errno.EPERM, _bench.Context.Bind(taken));
    }

    // Selftest 22; invariant 34.
    [Fact]
    public void Devices_of_a_group_share_an_HWPT_and_move_together()
    {
        var group = _bench.Group("a", "b");
        var (first, second) = (_bench.Bind(group[0]), _bench.Bind(group[1]));
        Assert.Equal(2, group[0].Group.OwnerCount);
        var (ioas, other) = (_bench.Context.AllocateIoas(), _bench.Context.AllocateIoas());
        _bench.Ok(first.Attach(ioas.Id));
        var hwpt = first.Hwpt!;
        _bench.Driver.Calls.Clear();

        _bench.Ok(second.Attach(hwpt.Id));
        Assert.Empty(_bench.Driver.Calls);
        _bench.Ok(second.Replace(hwpt.Id));
        Assert.Empty(_bench.Driver.Calls);
        _bench.Ok(second.Detach());
        _bench.Fails(Errno.EINVAL, second.Attach(_bench.Hwpt<HwptPaging>(first, other.Id).Id));
        _bench.Ok(second.Attach(ioas.Id));
        Assert.Equal(hwpt, second.Hwpt);

        _bench.Ok(first.Replace(other.Id));
        Assert.Equal(first.Hwpt, second.Hwpt);
        Assert.NotEqual(hwpt, first.Hwpt);
        Assert.True(hwpt.IsDestroyed);
        Assert.Equal(2, _bench.Driver.Calls.Count);
    }

    // Invariant 34; selftest 43.
    [Fact]
    public void A_replace_needs_an_attachment_and_an_automatic_HWPT_goes_with_its_last_device()
    {
        var (ioas, other) = (_bench.Context.AllocateIoas(), _bench.Context.AllocateIoas());
        var device = _bench.Bind();
        _bench.Fails(Errno.EINVAL, device.Replace(ioas.Id));
        _bench.Ok(device.Attach(ioas.Id));
        var automatic = device.Hwpt!;
        _bench.Fails(Errno.EINVAL, device.Attach(ioas.Id));
        _bench.Ok(device.Replace(ioas.Id));
        Assert.Equal(automatic, device.Hwpt);

        _bench.Ok(device.Replace(other.Id));

        _bench.Fails(Errno.ENOENT, device.Replace(automatic.Id));
        _bench.Fails(Errno.EINVAL, device.Replace(device.Id));
        _bench.Fails(Errno.EBUSY, device.Unbind());
        _bench.Ok(device.Detach());
        _bench.Ok(device.Detach());
        Assert.Equal(DomainType.Blocked, _bench.Driver.Attached["a"].Type);
        Assert.Equal(0, other.Users);
    }

    // Selftests 20 and 44.
    [Fact]
    public void A_replace_is_never_blocked_in_between_and_frees_the_HWPT_that_was_left()
    {
        var ioas = _bench.Mock(out var device);
        var (one, two) = (_bench.Hwpt<HwptPaging>(device, ioas.Id), _bench.Hwpt<HwptPaging>(device, ioas.Id));
        _bench.Ok(device.Replace(one.Id));
        _bench.MapAt(ioas, Base, Page);

        foreach (var step in device.Replace(two.Id).Where(step => step.Kind != DriverStepKind.Return))
            Assert.Equal(Ram, _bench.Driver.Dma(device.Iommu.Device, Base));

        Assert.Equal(two.Domain, _bench.Driver.Attached["a"]);
        _bench.Fails(Errno.EBUSY, _bench.Context.Destroy(two.Id));
        _bench.Ok(_bench.Context.Destroy(one.Id));
    }

    [Fact]
    public void A_replace_that_fails_changes_nothing()
    {
        var group = _bench.Group("a", "b");
        var (first, second) = (_bench.Bind(group[0]), _bench.Bind(group[1]));
        var (ioas, other) = (_bench.Context.AllocateIoas(), _bench.Context.AllocateIoas());
        _bench.Ok(first.Attach(ioas.Id));
        _bench.Ok(second.Attach(ioas.Id));
        var hwpt = first.Hwpt;

        _bench.Driver.FailAttachOf = "b";
        _bench.Fails(Errno.EIO, first.Replace(other.Id));

        Assert.Equal((hwpt, hwpt, 2, 0), (first.Hwpt, second.Hwpt, hwpt!.Users, other.Users));
    }

    // Invariant 37.
    [Fact]
    public void A_reserved_region_over_a_mapping_keeps_the_device_out()
    {
        var region = new ReservedRegion(new IovaRange(Base + Page, Base + (2 * Page) - 1));
        var device = _bench.Bind(_bench.Group(["r"], own => new IommuDevice(_bench.Driver, own.Group, own.Member)
        {
            ReservedRegions = [region, new(new IovaRange(Base, Base + 1), ReservedRegionType.DirectRelaxable)],
        })[0]);
        var ioas = _bench.Context.AllocateIoas();
        _bench.MapAt(ioas, Base, 2 * Page);

        _bench.Fails(Errno.EADDRINUSE, device.Attach(ioas.Id));
        Assert.Equal((null, DomainType.Blocked), (device.Hwpt, _bench.Driver.Attached["r"].Type));

        _bench.Ok(ioas.Unmap(Base, 2 * Page));
        _bench.Ok(device.Attach(ioas.Id));
        _bench.Fails(Errno.EINVAL, ioas.Map(UserMemory.At(Ram, Page), Page, Fixed, Base + Page));
        _bench.MapAt(ioas, Base, Page);
        _bench.Ok(device.Detach());
        Assert.Equal(Base + Page, _bench.MapAt(ioas, Base + Page, Page));
    }

    // Selftest 37.
    [Fact]
    public void Memory_of_a_process_that_is_gone_is_reached_only_if_it_was_pinned()
    {
        var ioas = _bench.Context.AllocateIoas();
        var memory = UserMemory.At(Ram, Page);
        _bench.Ok(ioas.Map(memory, Page, Fixed, Base));
        var (device, late) = (_bench.Bind(), _bench.Bind("b"));
        _bench.Ok(device.Attach(ioas.Id));

        memory.Exit();
        Assert.Equal(Ram, _bench.Driver.Dma(device.Iommu.Device, Base));
        var manual = _bench.Hwpt<HwptPaging>(late, ioas.Id);
        _bench.Ok(device.Detach());
        _bench.Ok(_bench.Context.Destroy(manual.Id));

        _bench.Fails(Errno.EFAULT, late.Attach(ioas.Id));
        Assert.Equal(DomainType.Blocked, _bench.Driver.Attached["b"].Type);
    }

    public void Dispose() => _bench.Dispose();
}
