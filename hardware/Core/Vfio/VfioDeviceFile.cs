using Emulator.Hardware.Core.Iommufd;
using Emulator.Hardware.Drivers;

namespace Emulator.Hardware.Core.Vfio;

/// <summary>An opened device: through its group, or by its own file.</summary>
/// <remarks>Source: Linux 6.12 drivers/vfio/device_cdev.c, vfio_main.c and iommufd.c.</remarks>
public sealed class VfioDeviceFile
{
    private readonly bool _isCdev;
    private bool _granted;
    private bool _closed;

    internal VfioDeviceFile(VfioDevice device, bool isCdev)
    {
        Device = device;
        _isCdev = isCdev;
        _granted = !isCdev;
    }

    /// <summary>The device.</summary>
    public VfioDevice Device { get; }

    /// <summary>Claims the device for an opened iommufd (VFIO_DEVICE_BIND_IOMMUFD). Result: the id of the <see cref="IommufdDevice"/>. -EINVAL: a file from a group,
    /// bound already, or
    /// another file has the device. -EBUSY: the group is open. Else the error of the claim.</summary>
    public IEnumerable<DriverStep> BindIommufd(IommufdContext context)
    {
        ArgumentNullException.ThrowIfNull(context);
        var refused = !_isCdev ? Errno.EINVAL
            : Device.Group.IsOpen ? Errno.EBUSY
            : _granted || _closed || Device.OpenCount > 0 ? Errno.EINVAL : Errno.None;
        if (refused != Errno.None)
        {
            yield return DriverStep.Fail(refused);
            yield break;
        }

        var call = new DriverCall();
        foreach (var step in call.Run(() => Device.Bind(context, null)))
            yield return step;
        if (!call.Failed)
        {
            Device.OpenCount++;
            Device.Group.CdevCount++;
            _granted = true;
        }

        yield return call.Return;
    }

    /// <summary>Attaches the device, or moves it if it is attached (iommufd.c:150-158). Result: the id of the HWPT. -EINVAL: not bound, or a file from a group. Else
    /// the error of
    /// <see cref="IommufdDevice.Attach"/> or <see cref="IommufdDevice.Replace"/>.</summary>
    /// <param name="ptId">An HWPT or an IOAS.</param>
    public IEnumerable<DriverStep> Attach(int ptId) => !_isCdev || !_granted ? [DriverStep.Fail(Errno.EINVAL)]
        : Device.Bound!.Hwpt == null ? Device.Bound.Attach(ptId) : Device.Bound.Replace(ptId);

    /// <summary>Detaches the device; no error if it is not attached. -EINVAL: not bound, or a file from a group.</summary>
    public IEnumerable<DriverStep> Detach() => !_isCdev || !_granted ? [DriverStep.Fail(Errno.EINVAL)] : Device.Bound!.Detach();

    /// <summary>Closes the file. The last one of the device detaches and unbinds it; only then, and after the group's file, can a kernel driver have the group.</summary>
    public IEnumerable<DriverStep> Close()
    {
        if (_closed)
            yield break;
        _closed = true;
        if (!_granted)
            yield break;
        _granted = false;
        Device.OpenCount--;
        Device.Group.CdevCount -= _isCdev ? 1 : 0;
        foreach (var step in Device.OpenCount == 0 ? Device.Unbind() : [])
            yield return step;
        foreach (var step in Device.Group.AfterClose())
            yield return step;
    }
}
