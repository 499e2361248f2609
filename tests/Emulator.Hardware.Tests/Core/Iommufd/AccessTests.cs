using Emulator.Hardware.Core.Iommufd;
using Emulator.Hardware.Drivers;
using static Emulator.Hardware.Tests.Core.Iommufd.IommufdBench;

namespace Emulator.Hardware.Tests.Core.Iommufd;

/// <summary>The CPU in a device's place.</summary>
public sealed class AccessTests : IDisposable
{
    private static readonly IovaRange FirstPage = new(Base, Base + Page - 1);

    private readonly IommufdBench _bench = new();

    // Selftests 33 and 34.
    [Fact]
    public void Pins_stay_while_devices_come_and_go()
    {
        var ioas = _bench.Mock(out var device);
        var access = Pinning(ioas, (access, range) => access.Unpin(FirstPage));
        _bench.MapAt(ioas, Base, 8 * Page);
        for (var pages = 1UL; pages <= 8; pages++)
        {
            var range = new IovaRange(Base, Base + (pages * Page) - 1);
            Assert.Equal(Errno.None, access.Pin(range, write: true, out var memory));
            Assert.Equal(Errno.None, access.Pin(range, write: true, out _));
            Assert.Equal([new PhysicalRange(Ram, pages * Page)], memory);
            _bench.Ok(device.Detach());
            _bench.Ok(device.Attach(ioas.Id));
            Assert.Equal(Ram + Page - 1, _bench.Driver.Dma(device.Iommu.Device, Base + Page - 1));
            Assert.Equal(Errno.None, access.Unpin(range));
            Assert.Equal(Errno.None, access.Unpin(range));
            Assert.Equal(Errno.ENOENT, access.Unpin(range));
        }

        _bench.Fails(Errno.EBUSY, _bench.Context.Destroy(access.Id));
        access.Destroy();
        Assert.Null(_bench.Context.Find<Access>(access.Id));
    }

    // Selftest 35; invariant 38.
    [Fact]
    public void An_unmap_asks_for_the_pins_back()
    {
        var ioas = _bench.Context.AllocateIoas();
        var asked = new List<IovaRange>();
        var access = Pinning(ioas, (access, range) =>
        {
            asked.Add(range);
            access.Unpin(FirstPage);
        });
        _bench.MapAt(ioas, Base, 2 * Page);
        Assert.Equal(Errno.None, access.Pin(FirstPage, write: false, out _));

        Assert.Equal((long)(2 * Page), _bench.Ok(ioas.Unmap(Base, 2 * Page)));

        Assert.Equal([new IovaRange(Base, Base + (2 * Page) - 1)], asked);
        Assert.Equal(Errno.ENOENT, access.Unpin(FirstPage));
    }

    // Invariant 38.
    [Fact]
    public void An_access_that_never_lets_go_ends_the_unmap()
    {
        var ioas = _bench.Context.AllocateIoas();
        var asked = 0;
        var access = Pinning(ioas, (_, _) => asked++);
        _bench.MapAt(ioas, Base, Page);
        Assert.Equal(Errno.None, access.Pin(FirstPage, write: false, out _));

        _bench.Fails(Errno.EDEADLOCK, ioas.Unmap(Base, Page));

        Assert.Equal(101, asked);
        Assert.Equal(Errno.EINVAL, access.Pin(FirstPage, write: false, out _));
        Assert.Equal(Errno.EBUSY, access.Read(Base, new byte[1]));
        Assert.Equal(Errno.None, access.Unpin(FirstPage));
        _bench.Ok(ioas.Unmap(Base, Page));
    }

    // Selftest 36.
    [Theory]
    [InlineData(0UL)]
    [InlineData(123UL)]
    public void Bytes_around_the_border_of_two_pages_are_read_and_written(ulong offset)
    {
        var ioas = _bench.Context.AllocateIoas();
        var access = _bench.Context.CreateAccess();
        Assert.Equal(Errno.None, access.Attach(ioas.Id));
        var torn = new UserMemory(Ram, new UserRange(Ram, Page), new UserRange(Ram + (16 * Page), Page));
        _bench.Ok(ioas.Map(torn, (2 * Page) - offset, Fixed, Base + offset, offset));
        for (var length = 1; length < 64; length++)
        {
            var start = Base + Page - 50 + (ulong)length;
            byte[] sent = [.. Enumerable.Range(length, length).Select(value => (byte)value)];
            var back = new byte[length];
            Assert.Equal(Errno.None, access.Write(start, sent));
            Assert.Equal(Errno.None, access.Read(start, back));
            Assert.Equal(sent, back);
        }

        Assert.True(_bench.Memory.Read(Ram + (16 * Page), new byte[1]));
    }

    [Fact]
    public void What_an_access_cannot_do()
    {
        var ioas = _bench.Context.AllocateIoas();
        var plain = _bench.Context.CreateAccess();
        Assert.Equal(Errno.ENOENT, plain.Attach(99));
        Assert.Equal(Errno.ENOENT, plain.Replace(ioas.Id));
        Assert.Equal(Errno.ENOENT, plain.Read(Base, new byte[1]));
        Assert.Equal(Errno.None, plain.Attach(ioas.Id));
        Assert.Equal(Errno.EINVAL, plain.Attach(ioas.Id));
        _bench.MapAt(ioas, Base, Page, flags: IoasMapFlags.Readable | IoasMapFlags.FixedIova);
        _bench.Ok(ioas.Map(new UserMemory(0, new UserRange(null, Page)), Page, Fixed, Base + Page));

        Assert.Equal(Errno.EPERM, plain.Write(Base, [1]));
        Assert.Equal(Errno.EINVAL, plain.Read(Base, []));
        Assert.Equal(Errno.EOVERFLOW, plain.Read(ulong.MaxValue, new byte[2]));
        Assert.Equal(Errno.ENOENT, plain.Read(Base + (2 * Page) - 1, new byte[2]));
        Assert.Equal(Errno.EFAULT, plain.Read(Base + Page, new byte[1]));
        Assert.Equal(Errno.EINVAL, plain.Pin(FirstPage, write: false, out _));

        var access = Pinning(ioas, (_, _) => { });
        Assert.Equal(Errno.EPERM, access.Pin(FirstPage, write: true, out _));
        Assert.Equal(Errno.EFAULT, access.Pin(new IovaRange(Base, Base + (2 * Page) - 1), write: false, out _));
        Assert.Equal(Errno.ENOENT, access.Pin(new IovaRange(Base + Page, Base + (4 * Page)), write: false, out _));
        _bench.Fails(Errno.EBUSY, _bench.Context.Destroy(ioas.Id));
        var other = _bench.Context.AllocateIoas();
        Assert.Equal(Errno.None, access.Replace(other.Id));
        Assert.Equal(other, access.Ioas);
        plain.Detach();
        _bench.Ok(_bench.Context.Destroy(ioas.Id));
    }

    public void Dispose() => _bench.Dispose();

    private Access Pinning(Ioas ioas, Action<Access, IovaRange> unmap)
    {
        var access = _bench.Context.CreateAccess(unmap);
        Assert.Equal(Errno.None, access.Attach(ioas.Id));
        return access;
    }
}
