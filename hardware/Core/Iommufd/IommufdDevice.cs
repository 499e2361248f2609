using Emulator.Hardware.Drivers;

namespace Emulator.Hardware.Core.Iommufd;

/// <summary>A device bound to an opened file (IOMMUFD_OBJ_DEVICE): its DMA is claimed, and blocked until it is attached. The one who bound it is a user, so it goes by
/// <see cref="Unbind"/> only.</summary>
/// <remarks>Source: Linux 6.12 drivers/iommu/iommufd/device.c.</remarks>
public sealed class IommufdDevice : IommufdObject
{
    private readonly List<PageRequest> _partial = [];

    internal IommufdDevice(IommufdContext context, IommuDevice iommu, IommufdGroup group)
        : base(context)
    {
        Iommu = iommu;
        Group = group;
        Users = 1;
    }

    /// <summary>The device.</summary>
    public IommuDevice Iommu { get; }

    /// <summary>The HWPT that it is attached to.</summary>
    public Hwpt? Hwpt => Group.IsAttached(this) ? Group.Hwpt : null;

    /// <summary>Its group in this file.</summary>
    internal IommufdGroup Group { get; }

    /// <summary>Attaches the device. Result: the id of the HWPT. -ENOENT: no such object. -EINVAL: neither an HWPT nor an IOAS, the group is on another HWPT, or the
    /// device is attached.
    /// -EADDRINUSE: something is mapped where the device may not have it. Else the core's or the driver's error.</summary>
    /// <param name="ptId">An HWPT; or an IOAS: an automatic HWPT is found that takes the device, or made.</param>
    public IEnumerable<DriverStep> Attach(int ptId) => Change(ptId, attach: true);

    /// <summary>Moves the device, and its group with it, to another HWPT: at no time is it blocked between, and on an error nothing changes. Result and errors as of
    /// <see cref="Attach"/>; -EINVAL also if it is not attached.</summary>
    /// <param name="ptId">As for <see cref="Attach"/>.</param>
    public IEnumerable<DriverStep> Replace(int ptId) => Change(ptId, attach: false);

    /// <summary>Detaches the device; nothing happens if it is not attached. After the last device of the group its DMA is blocked.</summary>
    public IEnumerable<DriverStep> Detach()
    {
        _partial.Clear();
        return Group.Detach(this);
    }

    /// <summary>Gives the device back: the claim is released, the id is gone. Result: 0; -EBUSY: it is attached.</summary>
    public IEnumerable<DriverStep> Unbind()
    {
        if (Users > 1 || IsDestroyed)
        {
            yield return DriverStep.Fail(IsDestroyed ? Errno.ENOENT : Errno.EBUSY);
            yield break;
        }

        Users = 0;
        foreach (var step in new DriverCall().Run(() => Context.Remove(this)))
            yield return step;
    }

    /// <summary>The device asked for a page. Result: 0: it is collected or delivered; -EINVAL: nobody handles it, and the device was told so.</summary>
    /// <remarks>Source: Linux 6.12 drivers/iommu/io-pgfault.c. A request with PASID is delivered if the guest has the PASID table, that is on a nested HWPT.</remarks>
    public IEnumerable<DriverStep> ReportPageRequest(PageRequest request)
    {
        ArgumentNullException.ThrowIfNull(request);
        if (Group.Handle is not { } handle || (request.Pasid != null && Group.Hwpt is not HwptNested))
        {
            foreach (var step in request.IsLast ? Respond(request, PageResponseCode.Invalid) : [])
                yield return step;
            yield return DriverStep.Fail(Errno.EINVAL);
            yield break;
        }

        _partial.Add(request);
        if (!request.IsLast)
            yield break;
        var together = _partial.FindAll(other => other.GroupId == request.GroupId);
        _partial.RemoveAll(together.Contains);
        Group.Hwpt!.Fault!.Deliver(new PageRequestGroup(this, handle, together));
    }

    /// <summary>Tells the device an answer.</summary>
    internal IEnumerable<DriverStep> Respond(PageRequest request, PageResponseCode code) => Iommu.Driver is IPageFaultDriver driver
        ? driver.RespondToPageRequest(Iommu.Device, new PageResponse(request.GroupId, request.Pasid, code)).Where(step => step.Kind != DriverStepKind.Return)
        : [];

    /// <inheritdoc/>
    internal override IEnumerable<DriverStep> Teardown()
    {
        Context.Forget(Group);
        return Iommu.Group.ReleaseDeviceDmaOwner(Iommu.Member);
    }

    private IEnumerable<DriverStep> Change(int ptId, bool attach) => Context.Find<IommufdObject>(ptId) switch
    {
        null => [DriverStep.Fail(Errno.ENOENT)],
        Hwpt hwpt => ChangeTo(hwpt, attach),
        Ioas ioas => ChangeToAny(ioas, attach),
        _ => [DriverStep.Fail(Errno.EINVAL)],
    };

    private IEnumerable<DriverStep> ChangeTo(Hwpt hwpt, bool attach)
    {
        var call = new DriverCall();
        foreach (var step in call.Run(() => attach ? Group.Attach(this, hwpt) : Group.Replace(this, hwpt)))
            yield return step;
        yield return call.Failed ? call.Return : DriverStep.Return(hwpt.Id);
    }

    private IEnumerable<DriverStep> ChangeToAny(Ioas ioas, bool attach)
    {
        var call = new DriverCall();
        foreach (var hwpt in ioas.Hwpts.Where(hwpt => hwpt.AutoDomain).ToList())
        {
            foreach (var step in call.Run(() => ChangeTo(hwpt, attach)))
                yield return step;

            // -EINVAL says that this one does not take the device; another may.
            if (call.Errno == Errno.EINVAL)
                continue;
            yield return call.Return;
            yield break;
        }

        foreach (var step in call.Run(() => HwptPaging.Allocate(ioas, this, HwptFlags.None, null, attach)))
            yield return step;
        var made = call.Failed ? null : Context.Find<HwptPaging>((int)call.Result);
        if (made != null && !attach)
        {
            foreach (var step in call.Run(() => ChangeTo(made, attach)))
                yield return step;
            foreach (var step in call.Failed ? Context.Remove(made) : [])
                yield return step;
        }

        made?.SetAutoDomain();
        yield return call.Return;
    }
}
