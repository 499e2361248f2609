using Emulator.Hardware.Drivers;

namespace Emulator.Hardware.Core.Iommufd;

/// <summary>A domain that shows an address space (IOMMUFD_OBJ_HWPT_PAGING).</summary>
public sealed class HwptPaging : Hwpt
{
    private readonly PagetableDomain _entry;

    private HwptPaging(Ioas ioas, IIommuDriver driver, IommuDomain domain, HwptFlags flags)
        : base(ioas.Context, driver, domain)
    {
        Ioas = ioas;
        Flags = flags;
        _entry = new PagetableDomain(driver, domain);
        ioas.Users++;
    }

    /// <summary>The address space.</summary>
    public Ioas Ioas { get; }

    /// <summary>What it was made for.</summary>
    public HwptFlags Flags { get; }

    /// <summary>Made by an attach to the address space, and gone with the last device.</summary>
    public bool AutoDomain { get; private set; }

    /// <inheritdoc/>
    public override HwptPaging Paging => this;

    /// <summary>Starts or stops the tracking of writes (IOMMU_HWPT_SET_DIRTY_TRACKING); marks from before the start are cleared. Result: 0; -EOPNOTSUPP: the domain
    /// cannot.</summary>
    public IEnumerable<DriverStep> SetDirtyTracking(bool enable)
    {
        if (Tracker is not { } tracker)
        {
            yield return DriverStep.Fail(Errno.EOPNOTSUPP);
            yield break;
        }

        var call = new DriverCall();
        foreach (var area in enable ? Ioas.Pagetable.Mapped : [])
        {
            foreach (var step in call.Run(() => tracker.ReadAndClearDirty(Domain, area, null, clear: true)))
                yield return step;
        }

        foreach (var step in tracker.SetDirtyTracking(Domain, enable))
            yield return step;
    }

    /// <summary>Tells which pages were written (IOMMU_HWPT_GET_DIRTY_BITMAP). Result: 0; -EOVERFLOW: the range wraps; -EINVAL: no page size, not a multiple of
    /// pages, or not all is
    /// mapped; -EOPNOTSUPP: the domain cannot.</summary>
    /// <param name="bitmap">The range; receives the answer.</param>
    /// <param name="noClear">Leaves the marks.</param>
    /// <remarks>Source: Linux 6.12 drivers/iommu/iommufd/io_pagetable.c:494-542.</remarks>
    public IEnumerable<DriverStep> GetDirtyBitmap(DirtyBitmap bitmap, bool noClear = false)
    {
        ArgumentNullException.ThrowIfNull(bitmap);
        var range = new IovaRange(bitmap.Iova, bitmap.Iova + (bitmap.Length - 1));
        var areas = Ioas.Pagetable.Covering(range);
        var refused = range.Last < range.First ? Errno.EOVERFLOW
            : bitmap.PageSize == 0 || ((range.First | (range.Last + 1)) & ((Ioas.Alignment - 1) | (bitmap.PageSize - 1))) != 0 ? Errno.EINVAL
            : Tracker == null ? Errno.EOPNOTSUPP
            : areas == null ? Errno.EINVAL : Errno.None;
        if (refused != Errno.None)
            return [DriverStep.Fail(refused)];
        return DriverSequence.InTurn(areas!.Select(area => Tracker!.ReadAndClearDirty(
            Domain, new IovaRange(Math.Max(area.Range.First, range.First), Math.Min(area.Range.Last, range.Last)), bitmap, !noClear)));
    }

    /// <summary>Makes one, with everything of the address space mapped in it. Result: its id.</summary>
    /// <param name="ioas">The address space.</param>
    /// <param name="device">The device for which it must be fit.</param>
    /// <param name="flags">What it is for.</param>
    /// <param name="data">The user's description, or null.</param>
    /// <param name="immediateAttach">Attaches the device before anything is mapped, since some drivers know a domain's shape only then.</param>
    internal static IEnumerable<DriverStep> Allocate(Ioas ioas, IommufdDevice device, HwptFlags flags, UserData? data, bool immediateAttach)
    {
        var driver = device.Iommu.Driver;
        HwptPaging? made = null;
        var refused = DriverCall.Try(() =>
        {
            made = new HwptPaging(ioas, driver, MakeDomain(device.Iommu, flags, data), flags);
            driver.Finalise(made.Domain, device.Iommu.Device);
        });
        var call = new DriverCall();
        if (refused == Errno.None && immediateAttach)
        {
            foreach (var step in call.Run(() => device.Group.Attach(device, made!)))
                yield return step;
            refused = call.Errno;
        }

        if (refused == Errno.None)
        {
            foreach (var step in call.Run(() => ioas.Pagetable.AddDomain(made!._entry)))
                yield return step;
            refused = call.Errno;
            foreach (var step in refused != Errno.None && immediateAttach ? call.Run(() => device.Group.Detach(device)) : [])
                yield return step;
        }

        if (refused != Errno.None)
        {
            foreach (var step in made == null ? [] : ioas.Context.Remove(made))
                yield return step;
            yield return DriverStep.Fail(refused);
            yield break;
        }

        ioas.Hwpts.Add(made!);
        yield return DriverStep.Return(made!.Id);
    }

    /// <summary>Says that it was made by an attach.</summary>
    internal void SetAutoDomain() => AutoDomain = true;

    /// <inheritdoc/>
    internal override IEnumerable<DriverStep> Teardown()
    {
        Ioas.Hwpts.Remove(this);
        foreach (var step in Ioas.Pagetable.RemoveDomain(_entry))
            yield return step;
        foreach (var step in base.Teardown())
            yield return step;
        Ioas.Users--;
    }

    private IUserDomainDriver? Tracker => Driver is IUserDomainDriver user && user.TracksDirty(Domain) ? user : null;

    private static IommuDomain MakeDomain(IommuDevice device, HwptFlags flags, UserData? data)
    {
        var domain = device.Driver is IUserDomainDriver user ? user.AllocateUserDomain(device, flags, null, data) : device.Driver.AllocateDomain(DomainType.Unmanaged);
        domain.AllocatedBy = device.Driver;
        return domain;
    }
}
