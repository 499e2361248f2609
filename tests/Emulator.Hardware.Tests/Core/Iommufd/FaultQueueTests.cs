using Emulator.Hardware.Core.Iommufd;
using Emulator.Hardware.Drivers;

namespace Emulator.Hardware.Tests.Core.Iommufd;

/// <summary>Page requests and their answers.</summary>
public sealed class FaultQueueTests : IDisposable
{
    private readonly IommufdBench _bench = new();
    private readonly FaultQueue _queue;
    private readonly IommufdDevice _device;
    private readonly HwptPaging _parent;

    public FaultQueueTests()
    {
        var ioas = _bench.Mock(out _device);
        _queue = _bench.Context.AllocateFaultQueue();
        _parent = _bench.Hwpt<HwptPaging>(_device, ioas.Id, HwptFlags.NestParent);
        _bench.Ok(_device.Replace(Nested().Id));
    }

    // Selftest 20.
    [Fact]
    public void A_group_of_requests_is_delivered_when_it_is_whole_and_answered_once()
    {
        _bench.Ok(_device.ReportPageRequest(new PageRequest(5, 0x1000, IsLast: false, Pasid: 3)));
        Assert.False(_queue.IsReadable);
        _bench.Ok(_device.ReportPageRequest(new PageRequest(5, 0x2000, Pasid: 3)));

        Assert.Equal(Errno.EINVAL, _queue.Read(1, out var faults));
        Assert.Empty(faults);
        Assert.Equal(Errno.None, _queue.Read(2, out faults));
        Assert.Equal([0x1000UL, 0x2000UL], faults.Select(fault => fault.Request.Address));
        Assert.Equal([_device.Id, _device.Id], faults.Select(fault => fault.DeviceId));
        Assert.Equal(1, _bench.Ok(_queue.Write([(faults[0].Cookie, PageResponseCode.Success)])));
        Assert.Equal([new PageResponse(5, 3, PageResponseCode.Success)], _bench.Driver.Responses);
    }

    // Invariant 39.
    [Fact]
    public void Wrong_answers()
    {
        _bench.Ok(_device.ReportPageRequest(new PageRequest(5, 0x1000)));
        Assert.Equal(Errno.None, _queue.Read(8, out var faults));
        var cookie = faults[0].Cookie;

        _bench.Fails(Errno.EINVAL, _queue.Write([(cookie, PageResponseCode.Failure)]));
        _bench.Fails(Errno.EINVAL, _queue.Write([(cookie + 1, PageResponseCode.Success)]));
        Assert.Equal(1, _bench.Ok(_queue.Write([(cookie, PageResponseCode.Invalid), (cookie, PageResponseCode.Invalid)])));
        _bench.Fails(Errno.EINVAL, _queue.Write([(cookie, PageResponseCode.Success)]));
        Assert.Single(_bench.Driver.Responses);
    }

    // Invariant 40.
    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public void The_end_of_an_attachment_answers_what_is_pending_once(bool replace)
    {
        _bench.Ok(_device.ReportPageRequest(new PageRequest(1, 0x1000)));
        Assert.Equal(Errno.None, _queue.Read(8, out var faults));
        _bench.Ok(_device.ReportPageRequest(new PageRequest(2, 0x2000)));

        _bench.Ok(replace ? _device.Replace(_parent.Id) : _device.Detach());

        Assert.Equal([1u, 2u], _bench.Driver.Responses.Select(response => response.GroupId).Order());
        Assert.All(_bench.Driver.Responses, response => Assert.Equal(PageResponseCode.Invalid, response.Code));
        Assert.False(_queue.IsReadable);
        _bench.Fails(Errno.EINVAL, _queue.Write([(faults[0].Cookie, PageResponseCode.Success)]));
        _bench.Fails(Errno.EINVAL, _device.ReportPageRequest(new PageRequest(3, 0x3000)));
        Assert.Equal(3, _bench.Driver.Responses.Count);
    }

    // Invariant 33.
    [Fact]
    public void A_queue_goes_after_its_file_and_its_HWPTs()
    {
        var hwpt = _device.Hwpt!;
        _bench.Fails(Errno.EBUSY, _bench.Context.Destroy(_queue.Id));
        _queue.Close();
        _bench.Fails(Errno.EBUSY, _bench.Context.Destroy(_queue.Id));
        _bench.Ok(_device.Detach());
        _bench.Ok(_bench.Context.Destroy(hwpt.Id));
        _bench.Ok(_bench.Context.Destroy(_queue.Id));
    }

    [Fact]
    public void A_virtual_function_has_no_page_requests()
    {
        var device = _bench.Bind(_bench.Group(["v"], own => new IommuDevice(_bench.Driver, own.Group, own.Member) { IsVirtualFunction = true })[0]);

        _bench.Fails(Errno.EINVAL, device.Attach(Nested().Id));
        _bench.Ok(device.Attach(_parent.Id));
        _bench.Fails(Errno.EINVAL, device.Replace(_device.Hwpt!.Id));
        Assert.Equal(_parent, device.Hwpt);
    }

    public void Dispose() => _bench.Dispose();

    private HwptNested Nested() =>
        _bench.Hwpt<HwptNested>(_device, _parent.Id, HwptFlags.FaultIdValid, new UserData(MockDriver.DataType, new byte[4]), _queue.Id);
}
