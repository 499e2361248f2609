using Emulator.Hardware.Drivers;

namespace Emulator.Hardware.Core.Iommufd;

/// <summary>A group as one opened file has it: all its devices are attached to the same HWPT, the first attach and the last detach go to the hardware.</summary>
/// <param name="group">The group.</param>
/// <remarks>Source: Linux 6.12 drivers/iommu/iommufd/device.c, struct iommufd_group.</remarks>
internal sealed class IommufdGroup(IommuGroup group)
{
    private readonly List<IommufdDevice> _attached = [];

    /// <summary>The group.</summary>
    public IommuGroup Group => group;

    /// <summary>The HWPT.</summary>
    public Hwpt? Hwpt { get; private set; }

    /// <summary>Whose page requests are delivered; null: nobody's.</summary>
    public FaultHandle? Handle { get; private set; }

    /// <summary>Whether a device is attached.</summary>
    public bool IsAttached(IommufdDevice device) => _attached.Contains(device);

    /// <summary>Attaches a device (device.c:480). Result: 0 or the error, and nothing changed.</summary>
    public IEnumerable<DriverStep> Attach(IommufdDevice device, Hwpt hwpt)
    {
        var pagetable = hwpt.Paging.Ioas.Pagetable;
        var refused = (Hwpt != null && Hwpt != hwpt) || IsAttached(device) ? Errno.EINVAL : pagetable.Reserve(device.Iommu);
        if (refused != Errno.None)
        {
            yield return DriverStep.Fail(refused);
            yield break;
        }

        if (_attached.Count == 0)
        {
            var call = new DriverCall();
            var handle = HandleFor(device, hwpt);
            foreach (var step in call.Run(() => EnableFaults(device, hwpt) is var no && no != Errno.None ? [DriverStep.Fail(no)]
                : handle == null ? group.AttachGroup(hwpt.Domain) : group.AttachGroupHandle(hwpt.Domain, handle)))
            {
                yield return step;
            }

            if (call.Failed)
            {
                pagetable.Unreserve(device.Iommu);
                yield return call.Return;
                yield break;
            }

            (Hwpt, Handle) = (hwpt, handle);
        }

        hwpt.Users++;
        device.Users++;
        _attached.Add(device);
    }

    /// <summary>Detaches a device; after the last one the group is blocked.</summary>
    public IEnumerable<DriverStep> Detach(IommufdDevice device)
    {
        if (!_attached.Remove(device))
            yield break;
        var old = Hwpt!;
        if (_attached.Count == 0)
        {
            var handle = Handle;
            (Hwpt, Handle) = (null, null);
            foreach (var step in new DriverCall().Run(() => handle == null ? group.DetachGroup(old.Domain) : group.DetachGroupHandle(old.Domain)))
                yield return step;
            foreach (var step in Answer(old, handle))
                yield return step;
        }

        old.Paging.Ioas.Pagetable.Unreserve(device.Iommu);
        device.Users--;
        foreach (var step in Put(old, 1))
            yield return step;
    }

    /// <summary>Moves all devices of the group to another HWPT without a blocked state between (device.c:600). Result: 0 or the error, and nothing changed.</summary>
    public IEnumerable<DriverStep> Replace(IommufdDevice device, Hwpt hwpt)
    {
        if (Hwpt is not { } old || !IsAttached(device))
        {
            yield return DriverStep.Fail(Errno.EINVAL);
            yield break;
        }

        if (old == hwpt)
            yield break;
        var (from, to) = (old.Paging.Ioas.Pagetable, hwpt.Paging.Ioas.Pagetable);
        var refused = Errno.None;
        foreach (var moved in from == to ? [] : _attached)
            refused = refused == Errno.None ? to.Reserve(moved.Iommu) : refused;
        if (refused == Errno.None && old.Fault == null)
            refused = EnableFaults(device, hwpt);
        var call = new DriverCall();
        var (former, handle) = (Handle, HandleFor(device, hwpt));
        foreach (var step in call.Run(() => refused != Errno.None ? [DriverStep.Fail(refused)]
            : former == null && handle == null ? group.ReplaceGroup(hwpt.Domain) : group.ReplaceGroupHandle(hwpt.Domain, handle)))
        {
            yield return step;
        }

        if (from != to)
            _attached.ForEach(moved => (call.Failed ? to : from).Unreserve(moved.Iommu));
        if (call.Failed)
        {
            yield return call.Return;
            yield break;
        }

        (Hwpt, Handle) = (hwpt, handle);
        hwpt.Users += _attached.Count;
        foreach (var step in Answer(old, former).Concat(Put(old, _attached.Count)))
            yield return step;
    }

    private static Errno EnableFaults(IommufdDevice device, Hwpt hwpt) => hwpt.Fault == null ? Errno.None
        : device.Iommu.IsVirtualFunction ? Errno.EINVAL
        : device.Iommu.Driver is IPageFaultDriver ? Errno.None : Errno.ENODEV;

    private static IEnumerable<DriverStep> Answer(Hwpt old, FaultHandle? handle) => handle == null ? [] : old.Fault!.AnswerPending(handle);

    private static IEnumerable<DriverStep> Put(Hwpt hwpt, int users)
    {
        hwpt.Users -= users;
        return hwpt is HwptPaging { AutoDomain: true, Users: 0 } ? hwpt.Context.Remove(hwpt) : [];
    }

    private static FaultHandle? HandleFor(IommufdDevice device, Hwpt hwpt) => hwpt.Fault == null ? null : new FaultHandle(device);
}
