using Emulator.Hardware.Core.Iommufd;
using Emulator.Hardware.Drivers;

namespace Emulator.Hardware.Tests.Core.Iommufd;

/// <summary>What HWPTs can be made, and invalidated.</summary>
public sealed class HwptTests : IDisposable
{
    private static readonly UserData Nested = new(MockDriver.DataType, new byte[] { 7, 0, 0, 0 });

    private readonly IommufdBench _bench = new();
    private readonly Ioas _ioas;
    private readonly IommufdDevice _device;

    public HwptTests() => _ioas = _bench.Mock(out _device);

    // Selftests 6, 21, 22.
    [Fact]
    public void Wrong_objects()
    {
        Refused(Errno.ENOENT, new HwptAllocation(_ioas.Id, _ioas.Id));
        Refused(Errno.ENOENT, new HwptAllocation(99, _ioas.Id));
        Refused(Errno.EINVAL, new HwptAllocation(_device.Id, _device.Id));
        Refused(Errno.EINVAL, new HwptAllocation(_device.Id, 99));
        _bench.Fails(Errno.ENOENT, _bench.Bind("b").Attach(99));
    }

    // Selftests 7, 8, 9, 10, 11, 12, 13, 44.
    [Fact]
    public void Wrong_flags_and_data()
    {
        var parent = Parent();
        var plain = _bench.Hwpt<HwptPaging>(_device, _ioas.Id);
        var nested = _bench.Hwpt<HwptNested>(_device, parent.Id, data: Nested);
        var paging = new HwptAllocation(_device.Id, _ioas.Id);
        var child = new HwptAllocation(_device.Id, parent.Id) { Data = Nested };

        Refused(Errno.EOPNOTSUPP, paging with { Flags = HwptFlags.NestParent | HwptFlags.FaultIdValid });
        Refused(Errno.EOPNOTSUPP, paging with { Flags = ~HwptFlags.NestParent });
        Refused(Errno.EOPNOTSUPP, paging with { Data = Nested });
        Refused(Errno.EINVAL, child with { Data = new UserData(UserData.None, new byte[4]) });
        Refused(Errno.EINVAL, child with { Data = new UserData(MockDriver.DataType, default) });
        Refused(Errno.EOPNOTSUPP, child with { Data = null });
        Refused(Errno.EOPNOTSUPP, child with { Data = Nested with { Type = MockDriver.DataType + 1 } });
        Refused(Errno.EINVAL, child with { Data = Nested with { Bytes = new byte[3] } });
        Refused(Errno.EOPNOTSUPP, child with { Flags = HwptFlags.NestParent });
        Refused(Errno.EINVAL, child with { PtId = plain.Id });
        Refused(Errno.EINVAL, child with { PtId = _device.Hwpt!.Id });
        Refused(Errno.EINVAL, child with { PtId = nested.Id });
        Refused(Errno.ENOENT, child with { Flags = HwptFlags.FaultIdValid, FaultId = -1 });
    }

    // Selftest 14; invariant 33.
    [Fact]
    public void A_parent_outlives_its_children()
    {
        var parent = Parent();
        var nested = _bench.Hwpt<HwptNested>(_device, parent.Id, data: Nested);

        _bench.Fails(Errno.EBUSY, _bench.Context.Destroy(parent.Id));
        _bench.Ok(_bench.Context.Destroy(nested.Id));
        _bench.Ok(_bench.Context.Destroy(parent.Id));

        Assert.Equal([nested.Domain, parent.Domain], _bench.Driver.Freed);
    }

    // Selftests 15, 16, 17, 18.
    [Fact]
    public void An_invalidation_that_is_wrong_does_nothing()
    {
        var parent = Parent();
        var nested = _bench.Hwpt<HwptNested>(_device, parent.Id, data: Nested);
        var one = MockDriver.Invalidation(0, 0);

        Invalidates(parent, Errno.ENOENT, 0, new(MockDriver.DataType, 8, 1, one));
        Invalidates(nested, Errno.None, 0, new(MockDriver.DataType, 8, 0, null));
        Invalidates(nested, Errno.EINVAL, 0, new(MockDriver.DataType + 1, 8, 1, one));
        Invalidates(nested, Errno.EINVAL, 0, new(MockDriver.DataType, 9, 1, new byte[9]));
        Invalidates(nested, Errno.EINVAL, 0, new(MockDriver.DataType, 1, 1, one));
        Invalidates(nested, Errno.EINVAL, 0, new(MockDriver.DataType, 8, 1, null));
        Invalidates(nested, Errno.EINVAL, 0, new(MockDriver.DataType, 0, 1, one));
        Invalidates(nested, Errno.EINVAL, 0, new(MockDriver.DataType, 4097, 1, one));
        Invalidates(nested, Errno.EINVAL, 0, new(MockDriver.DataType, 8, (1 << 19) + 1, one));
        Invalidates(nested, Errno.EINVAL, 0, new(MockDriver.DataType, 8, 1, MockDriver.Invalidation(0, MockDriver.CacheEntries)));
        Invalidates(nested, Errno.EOPNOTSUPP, 0, new(MockDriver.DataType, 8, 1, MockDriver.Invalidation(uint.MaxValue, 0)));
        Assert.Equal([7u, 7u, 7u, 7u], ((MockDomain)nested.Domain).Cache);
    }

    // Selftest 19.
    [Theory]
    [InlineData(uint.MaxValue, 1u, Errno.EOPNOTSUPP)]
    [InlineData(0u, 4u, Errno.EINVAL)]
    public void An_invalidation_tells_how_far_it_came(uint flags, uint entry, Errno expected)
    {
        var nested = _bench.Hwpt<HwptNested>(_device, Parent().Id, data: Nested);

        Invalidates(nested, expected, 1, new(MockDriver.DataType, 8, 2, (byte[])[.. MockDriver.Invalidation(0, 0), .. MockDriver.Invalidation(flags, entry)]));

        Assert.Equal([0u, 7u, 7u, 7u], ((MockDomain)nested.Domain).Cache);
        Invalidates(nested, Errno.None, 1, new(MockDriver.DataType, 8, 1, MockDriver.Invalidation(1, 0)));
        Assert.Equal([0u, 0u, 0u, 0u], ((MockDomain)nested.Domain).Cache);
    }

    // Invariant 35; selftest 45.
    [Fact]
    public void A_device_whose_writes_cannot_be_tracked_is_kept_off_tracked_HWPTs()
    {
        var able = _bench.Bind(_bench.Group(["c"], own => new IommuDevice(_bench.Driver, own.Group, own.Member) { DirtyTracking = true })[0]);
        var tracked = _bench.Hwpt<HwptPaging>(able, _ioas.Id, HwptFlags.DirtyTracking);
        var unable = _bench.Bind("d");
        _bench.Driver.WithoutDirty.Add("d");

        Refused(Errno.EOPNOTSUPP, new HwptAllocation(unable.Id, _ioas.Id) { Flags = HwptFlags.DirtyTracking });
        _bench.Fails(Errno.EINVAL, unable.Attach(tracked.Id));
        Assert.Equal(DomainType.Blocked, _bench.Driver.Attached["d"].Type);
        _bench.Ok(able.Attach(tracked.Id));
    }

    // Selftest 46.
    [Theory]
    [InlineData(4096UL)]
    [InlineData(2048UL)]
    public void Dirty_pages_are_told_once_unless_they_are_to_stay(ulong pageSize)
    {
        const ulong Length = 128 * 4096;
        var able = _bench.Bind(_bench.Group(["c"], own => new IommuDevice(_bench.Driver, own.Group, own.Member) { DirtyTracking = true })[0]);
        var hwpt = _bench.Hwpt<HwptPaging>(able, _ioas.Id, HwptFlags.DirtyTracking);
        var domain = (MockDomain)hwpt.Domain;
        _bench.MapAt(_ioas, IommufdBench.Base, Length);
        domain.Table.Dirty.Add(IommufdBench.Base);
        _bench.Ok(hwpt.SetDirtyTracking(true));
        Assert.True(domain.Tracking);
        Assert.Empty(domain.Table.Dirty);

        ulong[] written = [0, 63, 64, 127];
        foreach (var page in written)
            domain.Table.Dirty.Add(IommufdBench.Base + (page * pageSize));
        foreach (var noClear in new[] { true, false })
        {
            var seen = new DirtyBitmap(IommufdBench.Base, Length, pageSize);
            _bench.Ok(hwpt.GetDirtyBitmap(seen, noClear));
            Assert.Equal(written, Pages(seen));
        }

        var after = new DirtyBitmap(IommufdBench.Base, Length, pageSize);
        _bench.Ok(hwpt.GetDirtyBitmap(after));
        Assert.Empty(Pages(after));
        _bench.Ok(hwpt.SetDirtyTracking(false));
        Assert.False(domain.Tracking);
    }

    [Fact]
    public void Dirty_bitmaps_that_cannot_be()
    {
        var able = _bench.Bind(_bench.Group(["c"], own => new IommuDevice(_bench.Driver, own.Group, own.Member) { DirtyTracking = true })[0]);
        var hwpt = _bench.Hwpt<HwptPaging>(able, _ioas.Id, HwptFlags.DirtyTracking);
        var untracked = _bench.Hwpt<HwptPaging>(able, _ioas.Id);
        const ulong Base = IommufdBench.Base;
        _bench.MapAt(_ioas, Base, 4096);

        _bench.Fails(Errno.EOPNOTSUPP, untracked.SetDirtyTracking(true));
        _bench.Fails(Errno.EOPNOTSUPP, untracked.GetDirtyBitmap(new DirtyBitmap(Base, 4096, 4096)));
        _bench.Fails(Errno.EINVAL, hwpt.GetDirtyBitmap(new DirtyBitmap(Base, 4096, 0)));
        _bench.Fails(Errno.EINVAL, hwpt.GetDirtyBitmap(new DirtyBitmap(Base, 4096, 8192)));
        _bench.Fails(Errno.EINVAL, hwpt.GetDirtyBitmap(new DirtyBitmap(Base + 512, 4096, 512)));
        _bench.Fails(Errno.EINVAL, hwpt.GetDirtyBitmap(new DirtyBitmap(Base, 8192, 4096)));
        _bench.Fails(Errno.EOVERFLOW, hwpt.GetDirtyBitmap(new DirtyBitmap(ulong.MaxValue - 4095, 8192, 4096)));
    }

    public void Dispose() => _bench.Dispose();

    private static IEnumerable<ulong> Pages(DirtyBitmap bitmap)
    {
        for (var page = 0UL; page < bitmap.Length / bitmap.PageSize; page++)
        {
            if (bitmap[page])
                yield return page;
        }
    }

    private HwptPaging Parent() => _bench.Hwpt<HwptPaging>(_device, _ioas.Id, HwptFlags.NestParent);

    private void Refused(Errno errno, HwptAllocation request) => _bench.Fails(errno, _bench.Context.AllocateHwpt(request));

    private void Invalidates(Hwpt hwpt, Errno expected, int done, UserDataArray requests)
    {
        Assert.Equal(-(long)expected, _bench.Run(_bench.Context.Invalidate(hwpt.Id, requests)));
        Assert.Equal(done, requests.Done);
    }
}
