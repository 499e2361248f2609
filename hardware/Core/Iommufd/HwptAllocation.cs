using Emulator.Hardware.Drivers;

namespace Emulator.Hardware.Core.Iommufd;

/// <summary>Asks for an HWPT (IOMMU_HWPT_ALLOC).</summary>
/// <param name="DeviceId">The device for which it must be fit. Another object, or none: -ENOENT.</param>
/// <param name="PtId">An <see cref="Ioas"/>: a paging HWPT is made; a <see cref="HwptPaging"/>: a nested one on it. Anything else: -EINVAL.</param>
/// <remarks>
/// Further errors. -EINVAL: data without a type, or a type without data; the parent is automatic, was not made with <see cref="HwptFlags.NestParent"/>, or is
/// another driver's.
/// -EOPNOTSUPP: flags that this kind does not have, a nested one without data, or a driver that is no <see cref="IUserDomainDriver"/>. -ENOENT: no such fault queue.
/// Else what the driver says. Source: Linux 6.12 drivers/iommu/iommufd/hw_pagetable.c:104, 218, 267.
/// </remarks>
public sealed record HwptAllocation(int DeviceId, int PtId)
{
    /// <summary>What it is for.</summary>
    public HwptFlags Flags { get; init; }

    /// <summary>The user's description for the driver; null for none.</summary>
    public UserData? Data { get; init; }

    /// <summary>The queue for page requests, with <see cref="HwptFlags.FaultIdValid"/>.</summary>
    public int FaultId { get; init; }

    /// <summary>Makes it. Result: its id.</summary>
    internal IEnumerable<DriverStep> Perform(IommufdContext context)
    {
        if (Data != null && (Data.Type == UserData.None) != Data.Bytes.IsEmpty)
            return [DriverStep.Fail(Errno.EINVAL)];
        if (context.Find<IommufdDevice>(DeviceId) is not { } device)
            return [DriverStep.Fail(Errno.ENOENT)];
        return context.Find<IommufdObject>(PtId) switch
        {
            Ioas ioas => AllocatePaging(ioas, device),
            HwptPaging parent => AllocateNested(parent, device),
            _ => [DriverStep.Fail(Errno.EINVAL)],
        };
    }

    private bool HasData => Data is { Bytes.IsEmpty: false };

    private IEnumerable<DriverStep> AllocatePaging(Ioas ioas, IommufdDevice device)
    {
        var unknown = Flags & ~(HwptFlags.NestParent | HwptFlags.DirtyTracking);
        var special = (Flags != HwptFlags.None || HasData) && device.Iommu.Driver is not IUserDomainDriver;
        return unknown != HwptFlags.None || special
            ? [DriverStep.Fail(Errno.EOPNOTSUPP)]
            : HwptPaging.Allocate(ioas, device, Flags, HasData ? Data : null, immediateAttach: false);
    }

    private IEnumerable<DriverStep> AllocateNested(HwptPaging parent, IommufdDevice device)
    {
        if ((Flags & ~HwptFlags.FaultIdValid) != HwptFlags.None || !HasData || device.Iommu.Driver is not IUserDomainDriver driver)
        {
            yield return DriverStep.Fail(Errno.EOPNOTSUPP);
            yield break;
        }

        if (parent.AutoDomain || (parent.Flags & HwptFlags.NestParent) == HwptFlags.None || parent.Driver != device.Iommu.Driver)
        {
            yield return DriverStep.Fail(Errno.EINVAL);
            yield break;
        }

        HwptNested? made = null;
        var refused = DriverCall.Try(() => made = new HwptNested(parent, driver, driver.AllocateUserDomain(device.Iommu, Flags, parent.Domain, Data)));
        if (refused != Errno.None)
        {
            yield return DriverStep.Fail(refused);
            yield break;
        }

        var fault = parent.Context.Find<FaultQueue>(FaultId);
        if ((Flags & HwptFlags.FaultIdValid) != HwptFlags.None && fault == null)
        {
            foreach (var step in parent.Context.Remove(made!))
                yield return step;
            yield return DriverStep.Fail(Errno.ENOENT);
            yield break;
        }

        if ((Flags & HwptFlags.FaultIdValid) != HwptFlags.None)
            made!.Use(fault!);
        yield return DriverStep.Return(made!.Id);
    }
}
