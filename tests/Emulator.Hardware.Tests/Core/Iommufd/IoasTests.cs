using Emulator.Hardware.Core.Iommufd;
using Emulator.Hardware.Drivers;
using static Emulator.Hardware.Tests.Core.Iommufd.IommufdBench;

namespace Emulator.Hardware.Tests.Core.Iommufd;

/// <summary>Mapping, unmapping and address ranges of an IOAS, with and without a device.</summary>
public sealed class IoasTests : IDisposable
{
    private readonly IommufdBench _bench = new();

    // Selftest 4.
    [Fact]
    public void Accounting_of_pinned_memory_is_chosen_before_anything_else_and_with_privilege()
    {
        using var unprivileged = new IommufdBench(new IommufdOptions { CanSetRlimitMode = false });

        Assert.False(_bench.Context.RlimitMode);
        Assert.Equal(Errno.None, _bench.Context.SetRlimitMode(1));
        Assert.True(_bench.Context.RlimitMode);
        Assert.Equal(Errno.EINVAL, _bench.Context.SetRlimitMode(2));
        _bench.Context.AllocateIoas();
        Assert.Equal(Errno.EBUSY, _bench.Context.SetRlimitMode(0));
        Assert.Equal(Errno.EPERM, unprivileged.Context.SetRlimitMode(0));
        Assert.Null(_bench.Context.Find<Ioas>(99));
    }

    // Selftests 1, 5, 23; invariant 33.
    [Fact]
    public void An_address_space_is_destroyed_with_its_mappings_but_not_under_a_device()
    {
        var ioas = _bench.Mock(out var device);
        _bench.MapAt(ioas, Base, Page);
        _bench.Fails(Errno.EBUSY, _bench.Context.Destroy(ioas.Id));
        _bench.Fails(Errno.EBUSY, _bench.Context.Destroy(device.Hwpt!.Id));
        _bench.Fails(Errno.EBUSY, _bench.Context.Destroy(device.Id));

        _bench.Ok(device.Detach());
        _bench.Ok(_bench.Context.Destroy(ioas.Id));

        _bench.Fails(Errno.ENOENT, _bench.Context.Destroy(ioas.Id));
        _bench.Fails(Errno.ENOENT, _bench.Context.Destroy(0));
        Assert.True(ioas.IsDestroyed);
    }

    // Selftests 24, 25, 27; invariant 36.
    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public void An_unmap_takes_whole_mappings_only(bool withDevice)
    {
        var ioas = Space(withDevice);
        _bench.Fails(Errno.ENOENT, ioas.Unmap(Base, Page));
        _bench.MapAt(ioas, Base, 2 * Page);

        _bench.Fails(Errno.ENOENT, ioas.Unmap(Base, Page));
        _bench.Fails(Errno.ENOENT, ioas.Unmap(Base + Page, Page));
        _bench.Fails(Errno.EINVAL, ioas.Unmap(Base, 0));
        _bench.Fails(Errno.EOVERFLOW, ioas.Unmap(Base, ulong.MaxValue));
        Assert.Equal((long)(2 * Page), _bench.Ok(ioas.Unmap(0, ulong.MaxValue)));
        Assert.Equal(0, _bench.Ok(ioas.Unmap(0, ulong.MaxValue)));
    }

    // Selftest 26; invariant 36.
    [Theory]
    [InlineData(-1, 2)]
    [InlineData(-1, 8)]
    [InlineData(0, 4)]
    [InlineData(1, 1)]
    [InlineData(3, 2)]
    public void A_map_over_a_mapping_is_refused(int page, uint pages)
    {
        var ioas = Space(withDevice: true);
        _bench.MapAt(ioas, Base + (4 * Page), 4 * Page);

        _bench.Fails(Errno.EEXIST, ioas.Map(UserMemory.At(Ram, 16 * Page), pages * Page, Fixed, Base + (4 * Page) + (ulong)(page * (long)Page)));
    }

    // Selftest 28.
    [Fact]
    public void An_unmap_with_slack_takes_all_that_lies_inside_and_nothing_when_an_end_is_cut()
    {
        var ioas = Space(withDevice: true);
        var start = Base + (4 * Page);
        for (var i = 0UL; i < 4; i++)
            _bench.MapAt(ioas, start + (i * 16 * Page), 8 * Page);

        _bench.Fails(Errno.ENOENT, ioas.Unmap(start - (4 * Page), 8 * Page));
        _bench.Fails(Errno.ENOENT, ioas.Unmap(start + (48 * Page) + (4 * Page), 8 * Page));
        Assert.Equal((long)(32 * Page), _bench.Ok(ioas.Unmap(start - (4 * Page), (48 + 8 + 4) * Page)));
    }

    // Selftest 29.
    [Fact]
    public void An_address_that_is_found_is_aligned_free_and_allowed()
    {
        var ioas = Space(withDevice: true);
        Assert.Equal(Errno.None, ioas.Reserve(new IovaRange(Base, Base + Page - 1)));
        for (var pages = 1UL; pages < 8; pages++)
        {
            var iova = _bench.MapAt(ioas, 0, pages * Page, flags: ReadWrite);
            var alignment = System.Numerics.BitOperations.RoundUpToPowerOf2(pages * Page);
            Assert.True(iova > Base && iova % alignment == 0, $"{pages} pages at 0x{iova:x}");
        }

        Assert.Equal(Errno.None, ioas.AllowIovas([new IovaRange(Base + 0x100_0000, Base + 0x100_0000 + (2 * Page) - 1)]));
        Assert.Equal(Base + 0x100_0000, _bench.MapAt(ioas, 0, Page, flags: ReadWrite));
        _bench.Fails(Errno.ENOSPC, ioas.Map(UserMemory.At(Ram, 2 * Page), 2 * Page, ReadWrite));
        _bench.Fails(Errno.EOVERFLOW, ioas.Map(new UserMemory(0), 1UL << 63, ReadWrite));
    }

    // Selftest 30.
    [Fact]
    public void What_is_allowed_cannot_be_reserved_nor_the_other_way_round()
    {
        var ioas = _bench.Context.AllocateIoas();
        Assert.Equal(Errno.None, ioas.Reserve(new IovaRange(0x1000, 0x1fff)));

        Assert.Equal(Errno.EADDRINUSE, ioas.AllowIovas([new IovaRange(0, 0x2000)]));
        Assert.Equal(Errno.None, ioas.AllowIovas([new IovaRange(0x2000, 0x2fff)]));
        Assert.Equal(Errno.EADDRINUSE, ioas.Reserve(new IovaRange(0x2800, 0x3fff)));
        Assert.Equal(Errno.EINVAL, ioas.AllowIovas([new IovaRange(5, 5)]));
        Assert.Equal(Errno.EINVAL, ioas.AllowIovas([new IovaRange(0x4000, 0x5000), new IovaRange(0x5000, 0x6000)]));
    }

    // Selftest 31 and 41.
    [Fact]
    public void A_copy_maps_the_same_memory_and_no_more_rights()
    {
        var ioas = Space(withDevice: true);
        var other = _bench.Context.AllocateIoas();
        _bench.MapAt(ioas, Base, 4 * Page);
        _bench.MapAt(ioas, Base + (8 * Page), Page, flags: IoasMapFlags.Readable | IoasMapFlags.FixedIova);
        var whole = new IovaRange(Base, Base + (4 * Page) - 1);

        Assert.Equal((long)(Base + (16 * Page)), _bench.Ok(ioas.Copy(ioas, whole, Fixed, Base + (16 * Page))));
        Assert.Equal(1L, _bench.Ok(other.Copy(ioas, new IovaRange(Base + 1, Base + 2), Fixed, 1)));
        _bench.Fails(Errno.EINVAL, ioas.Copy(ioas, new IovaRange(Base + 511, Base + 511 + 2047), Fixed, Base + (32 * Page)));
        _bench.Fails(Errno.ENOENT, other.Copy(ioas, whole with { Last = whole.Last + 1 }, ReadWrite));
        _bench.Fails(Errno.ENOENT, other.Copy(ioas, whole with { First = Base - 511 }, ReadWrite));
        _bench.Fails(Errno.EPERM, other.Copy(ioas, new IovaRange(Base + (8 * Page), Base + (9 * Page) - 1), ReadWrite));
        _bench.Fails(Errno.EOPNOTSUPP, other.Copy(ioas, whole, (IoasMapFlags)8));
    }

    // Selftest 32.
    [Fact]
    public void Ranges_are_told_as_far_as_there_is_room()
    {
        var ioas = Space(withDevice: true);
        Assert.Equal(Errno.None, ioas.Reserve(new IovaRange(Base + Page, Base + (2 * Page) - 1)));
        var ranges = new IovaRange[3];

        Assert.Equal(Errno.EMSGSIZE, ioas.IovaRanges([], out var count));
        Assert.Equal(2, count);
        Assert.Equal(Errno.EMSGSIZE, ioas.IovaRanges(ranges.AsSpan(0, 1), out count));
        Assert.Equal(default, ranges[1]);
        Assert.Equal(Errno.None, ioas.IovaRanges(ranges, out count));
        Assert.Equal([new IovaRange(Base, Base + Page - 1), new IovaRange(Base + (2 * Page), MockDomain.Last), default], ranges);
    }

    // Selftest 38.
    [Fact]
    public void Without_huge_pages_domains_are_mapped_page_by_page()
    {
        var ioas = Space(withDevice: true, out var device);
        Assert.True(ioas.HugePages);
        Assert.Equal(Errno.EINVAL, ioas.SetHugePages(2));
        Assert.Equal(Errno.None, ioas.SetHugePages(0));
        _bench.MapAt(ioas, Base, 4 * Page);

        Assert.False(ioas.HugePages);
        Assert.Equal([Page, Page, Page, Page], _bench.TableOf(device).LargestMaps);
        Assert.Equal(Errno.None, ioas.SetHugePages(1));
        Assert.Equal(Errno.EINVAL, ioas.SetHugePages(0));
    }

    // Selftest 39.
    [Fact]
    public void A_length_is_a_multiple_of_the_IOMMUs_page()
    {
        var ioas = Space(withDevice: true);
        foreach (var length in new ulong[] { 0, 1, 511, 2047, 2048, 2049, 4096, 6144, 8191 })
        {
            var result = _bench.Run(ioas.Map(UserMemory.At(Ram, 2 * Page), length, ReadWrite));
            Assert.Equal(length is 2048 or 4096 or 6144, result > 0);
            Assert.True(result > 0 || result == -(long)Errno.EINVAL);
        }
    }

    // Selftest 40.
    [Fact]
    public void The_alignment_grows_only_over_mappings_that_have_it()
    {
        var ioas = _bench.Context.AllocateIoas();
        var device = _bench.Bind();
        _bench.MapAt(ioas, Base + 1, 3);
        Assert.Equal(1UL, ioas.Alignment);
        Assert.Equal(Errno.EADDRINUSE, ioas.SetHugePages(0));
        Assert.True(ioas.HugePages);
        _bench.Fails(Errno.EADDRINUSE, device.Attach(ioas.Id));
        Assert.Null(device.Hwpt);

        _bench.Ok(ioas.Unmap(Base + 1, 3));
        _bench.Ok(device.Attach(ioas.Id));
        Assert.Equal(MockPageTable.Page, ioas.Alignment);
        _bench.Fails(Errno.EINVAL, ioas.Map(UserMemory.At(Ram, Page), 2048, Fixed, Base + 1));
        _bench.Fails(Errno.EINVAL, ioas.Map(UserMemory.At(Ram + 1, Page), 2048, Fixed, Base));
    }

    // Selftest 42.
    [Theory]
    [InlineData(0UL)]
    [InlineData(1UL)]
    public void A_missing_page_leaves_nothing_mapped(ulong present)
    {
        var ioas = Space(withDevice: true, out var device);
        UserRange[] ranges = [new(Ram, present * Page), new(null, (2 - present) * Page)];
        var torn = new UserMemory(Ram, ranges.Where(range => range.Length > 0).ToArray());

        _bench.Fails(Errno.EFAULT, ioas.Map(torn, 2 * Page, Fixed, Base));
        _bench.Fails(Errno.EFAULT, ioas.Map(new UserMemory(Ram, new UserRange(Ram, Page, Writable: false)), Page, Fixed, Base));

        Assert.Equal(0, _bench.TableOf(device).Count);
        _bench.Fails(Errno.ENOENT, ioas.Unmap(Base, 2 * Page));
    }

    [Theory]
    [InlineData((IoasMapFlags)8 | Fixed, Base, Page, Errno.EOPNOTSUPP)]
    [InlineData(IoasMapFlags.FixedIova, Base, Page, Errno.EINVAL)]
    [InlineData(Fixed, ulong.MaxValue, Page, Errno.EOVERFLOW)]
    [InlineData(Fixed, ulong.MaxValue - 4095, 2 * Page, Errno.EOVERFLOW)]
    [InlineData(Fixed, Base, 0UL, Errno.EINVAL)]
    [InlineData(Fixed, Base - Page, Page, Errno.EINVAL)]
    [InlineData(Fixed, MockDomain.Last + 1, Page, Errno.EINVAL)]
    public void What_cannot_be_mapped(IoasMapFlags flags, ulong iova, ulong length, Errno expected) =>
        _bench.Fails(expected, Space(withDevice: true).Map(UserMemory.At(Ram, 2 * Page), length, flags, iova));

    [Fact]
    public void A_map_is_in_every_domain_or_in_none()
    {
        var ioas = Space(withDevice: true, out var device);
        var second = _bench.Hwpt<HwptPaging>(device, ioas.Id);
        var blocker = ((MockDomain)second.Domain).Table;
        blocker.Map(Base + Page, 0, Page, 1, Emulator.Hardware.PageTables.Protection.Read, new());

        _bench.Fails(Errno.EEXIST, ioas.Map(new UserMemory(0, new UserRange(Ram, Page), new UserRange(Ram + 0x10_0000, Page)), 2 * Page, Fixed, Base));
        Assert.Equal((0, 2), (_bench.TableOf(device).Count, blocker.Count));

        blocker.Free();
        _bench.MapAt(ioas, Base, 2 * Page);
        Assert.Equal((4, 4), (_bench.TableOf(device).Count, blocker.Count));
        _bench.Ok(_bench.Context.Destroy(second.Id));
        Assert.Equal((4, 0), (_bench.TableOf(device).Count, blocker.Count));
    }

    public void Dispose() => _bench.Dispose();

    private Ioas Space(bool withDevice) => Space(withDevice, out _);

    private Ioas Space(bool withDevice, out IommufdDevice device)
    {
        device = null!;
        return withDevice ? _bench.Mock(out device) : _bench.Context.AllocateIoas();
    }
}
