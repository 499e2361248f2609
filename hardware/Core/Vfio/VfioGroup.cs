using Emulator.Hardware.Core.Iommufd;
using Emulator.Hardware.Drivers;

namespace Emulator.Hardware.Core.Vfio;

/// <summary>A group whose devices are bound to VFIO drivers: /dev/vfio/N.</summary>
/// <remarks>Source: Linux 6.12 drivers/vfio/group.c. Sequences and their results: see <see cref="IommufdContext"/>. Every device of the group is bound to a VFIO
/// driver here.</remarks>
public sealed class VfioGroup
{
    private readonly VfioOptions _options;
    private bool _closing;

    /// <summary>Makes the group.</summary>
    /// <param name="group">The IOMMU group.</param>
    /// <param name="devices">Its devices, at least one.</param>
    /// <param name="options">What is not the user's to choose; null for the defaults.</param>
    public VfioGroup(IommuGroup group, IEnumerable<IommuDevice> devices, VfioOptions? options = null)
    {
        Group = group;
        _options = options ?? new VfioOptions();
        Devices = [.. devices.Select(device => new VfioDevice(this, device))];
        if (Devices.Count == 0)
            throw new ArgumentException("a VFIO group has at least one device", nameof(devices));
    }

    /// <summary>The IOMMU group.</summary>
    public IommuGroup Group { get; }

    /// <summary>The devices.</summary>
    public IReadOnlyList<VfioDevice> Devices { get; }

    /// <summary>A group made for devices without an IOMMU: nothing is claimed and nothing is blocked.</summary>
    public bool IsNoIommu { get; init; }

    /// <summary>Whether the group's file is open, or held open by a device's file.</summary>
    public bool IsOpen { get; private set; }

    /// <summary>The container, if that is how the group is used.</summary>
    public VfioContainer? Container { get; private set; }

    /// <summary>The opened iommufd, if that is how.</summary>
    public IommufdContext? Iommufd { get; private set; }

    /// <summary>Devices bound to an iommufd through their own files.</summary>
    internal int CdevCount { get; set; }

    /// <summary>Whether the group knows an IOMMU.</summary>
    private bool HasIommu => Container != null || Iommufd != null;

    /// <summary>Opens the group's file (group.c:461).</summary>
    /// <returns>EPERM: without an IOMMU, and no privilege. EBUSY: it is open, or a device is bound through its own file.</returns>
    public Errno Open()
    {
        if (IsNoIommu && !_options.HasRawIo)
            return Errno.EPERM;
        if (IsOpen || CdevCount > 0)
            return Errno.EBUSY;
        IsOpen = true;
        return Errno.None;
    }

    /// <summary>Puts the group into a container: its DMA is claimed (VFIO_GROUP_SET_CONTAINER). Result: 0. -EINVAL: it is in one. -EPERM: real groups and groups
    /// without an IOMMU
    /// are mixed, no privilege, or a kernel driver or somebody else has the group. Else the error of the claim or of the attach, and nothing is claimed.</summary>
    public IEnumerable<DriverStep> SetContainer(VfioContainer container)
    {
        ArgumentNullException.ThrowIfNull(container);
        if (Refusal(container) is var refused && refused != Errno.None)
        {
            yield return DriverStep.Fail(refused);
            yield break;
        }

        var call = new DriverCall();
        foreach (var step in IsNoIommu ? [] : call.Run(() => Group.ClaimDmaOwner(this)))
            yield return step;
        if (!call.Failed)
        {
            foreach (var step in call.Run(() => container.Attach(this)))
                yield return step;
            foreach (var step in call.Failed ? Release() : [])
                yield return step;
        }

        if (!call.Failed)
            Container = container;
        yield return call.Return;
    }

    /// <summary>Has the group use an opened iommufd: it is only remembered, the claim comes with the first device.</summary>
    /// <returns>EINVAL: not open, or it has one or a container. EPERM: a group without an IOMMU.</returns>
    public Errno SetContainer(IommufdContext iommufd)
    {
        ArgumentNullException.ThrowIfNull(iommufd);
        if (HasIommu || !IsOpen)
            return Errno.EINVAL;
        if (IsNoIommu)
            return Errno.EPERM;
        iommufd.CompatIoas ??= iommufd.AllocateIoas();
        Iommufd = iommufd;
        return Errno.None;
    }

    /// <summary>Takes the group out of its container or forgets the iommufd (VFIO_GROUP_UNSET_CONTAINER). Result: 0; the group is back in its default domain.
    /// -EINVAL: it has none.
    /// -EBUSY: a device is open.</summary>
    public IEnumerable<DriverStep> UnsetContainer()
    {
        if (!HasIommu || Devices.Any(device => device.OpenCount > 0))
        {
            yield return DriverStep.Fail(HasIommu ? Errno.EBUSY : Errno.EINVAL);
            yield break;
        }

        foreach (var step in Leave())
            yield return step;
    }

    /// <summary>Opens a device (VFIO_GROUP_GET_DEVICE_FD). Result: 0, and the file is in <paramref name="opened"/>. -EINVAL: no container, or it has no IOMMU yet.
    /// -ENODEV: not of this
    /// group, or the iommufd has no IOAS for compatibility any more. Else the error of the bind or the attach.</summary>
    /// <param name="device">The device.</param>
    /// <param name="opened">Receives the file.</param>
    public IEnumerable<DriverStep> GetDevice(VfioDevice device, Action<VfioDeviceFile> opened)
    {
        ArgumentNullException.ThrowIfNull(device);
        ArgumentNullException.ThrowIfNull(opened);
        var refused = !HasIommu || !IsOpen || Container is { HasIommu: false } ? Errno.EINVAL
            : device.Group != this || (Iommufd != null && Iommufd.CompatIoas == null) ? Errno.ENODEV : Errno.None;
        if (refused != Errno.None)
        {
            yield return DriverStep.Fail(refused);
            yield break;
        }

        var call = new DriverCall();
        foreach (var step in Iommufd != null && device.OpenCount == 0 ? call.Run(() => device.Bind(Iommufd, Iommufd.CompatIoas!.Id)) : [])
            yield return step;
        if (!call.Failed)
        {
            device.OpenCount++;
            opened(new VfioDeviceFile(device, isCdev: false));
        }

        yield return call.Failed ? call.Return : DriverStep.Return(0);
    }

    /// <summary>Closes the group's file: with no device open the group leaves its container; else the last device does that.</summary>
    public IEnumerable<DriverStep> Close()
    {
        _closing = true;
        return AfterClose();
    }

    /// <summary>A file is closed: the last one ends the ownership.</summary>
    internal IEnumerable<DriverStep> AfterClose()
    {
        if (!_closing || Devices.Any(device => device.OpenCount > 0))
            yield break;
        foreach (var step in Leave())
            yield return step;
        (IsOpen, _closing) = (false, false);
    }

    private Errno Refusal(VfioContainer container)
    {
        if (HasIommu || !IsOpen)
            return Errno.EINVAL;
        var mixed = container.Groups.Any(group => group.IsNoIommu != IsNoIommu);
        return mixed || (IsNoIommu && !_options.HasRawIo) ? Errno.EPERM : Errno.None;
    }

    private IEnumerable<DriverStep> Leave()
    {
        Iommufd = null;
        if (Container is not { } container)
            yield break;
        Container = null;
        foreach (var step in container.Detach(this).Concat(Release()))
            yield return step;
    }

    private IEnumerable<DriverStep> Release() => IsNoIommu ? [] : new DriverCall().Run(Group.ReleaseDmaOwner);
}
