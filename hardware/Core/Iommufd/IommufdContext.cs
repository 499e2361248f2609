using Emulator.Hardware.Drivers;
using Emulator.Hardware.Memory;

namespace Emulator.Hardware.Core.Iommufd;

/// <summary>One opened /dev/iommu: its objects and what is done by id.</summary>
/// <remarks>
/// The convention of this room: an operation that may program hardware is a sequence of <see cref="DriverStep"/>, nothing of which happens before it is enumerated;
/// one at a time, each to
/// its end. Its result is what the ioctl hands out - 0, an id, a number of bytes, an input address - or an error, which is -4095 to -1 as in the kernel. An
/// operation that cannot program
/// hardware returns an <see cref="Errno"/>. Source: Linux 6.12 drivers/iommu/iommufd/main.c; Linux 6.1 has no iommufd.
/// </remarks>
public sealed class IommufdContext
{
    private readonly Dictionary<int, IommufdObject> _objects = [];
    private readonly Dictionary<IommuGroup, IommufdGroup> _groups = [];
    private readonly IdentifierPool _ids = new(1, int.MaxValue);

    /// <summary>Opens the file.</summary>
    /// <param name="memory">The memory that accesses read and write.</param>
    /// <param name="options">What is not the user's to choose; null for the defaults.</param>
    public IommufdContext(PhysicalMemory memory, IommufdOptions? options = null) => (Memory, Options) = (memory, options ?? new IommufdOptions());

    /// <summary>The memory.</summary>
    public PhysicalMemory Memory { get; }

    /// <summary>What is not the user's to choose.</summary>
    public IommufdOptions Options { get; }

    /// <summary>Whether pinned memory is accounted to the process instead of the user (IOMMU_OPTION_RLIMIT_MODE); only told, since there is no limit here.</summary>
    public bool RlimitMode { get; private set; }

    /// <summary>The IOAS that a VFIO group or container in compatibility uses, if there is one.</summary>
    public Ioas? CompatIoas { get; internal set; }

    /// <summary>Finds an object.</summary>
    /// <returns>Null (-ENOENT): no such id, or another type.</returns>
    public T? Find<T>(int id)
        where T : IommufdObject => _objects.GetValueOrDefault(id) as T;

    /// <summary>Makes an address space.</summary>
    public Ioas AllocateIoas() => new(this);

    /// <summary>Makes a queue for page requests; it is open, so that it can be destroyed only after <see cref="FaultQueue.Close"/>.</summary>
    public FaultQueue AllocateFaultQueue() => new(this);

    /// <summary>Makes an access by which the CPU uses an address space in a device's place.</summary>
    /// <param name="unmap">Told which range to let go of; null: the access does not pin.</param>
    public Access CreateAccess(Action<Access, IovaRange>? unmap = null) => new(this, unmap);

    /// <summary>Destroys an object. Result: 0; -ENOENT: no such id; -EBUSY: it has users.</summary>
    public IEnumerable<DriverStep> Destroy(int id)
    {
        var found = Find<IommufdObject>(id);
        if (found is not { Users: 0 })
        {
            yield return DriverStep.Fail(found == null ? Errno.ENOENT : Errno.EBUSY);
            yield break;
        }

        var call = new DriverCall();
        foreach (var step in call.Run(() => Remove(found)))
            yield return step;
        yield return call.Return;
    }

    /// <summary>Sets the accounting of pinned memory.</summary>
    /// <param name="value">0: to the user, 1: to the process.</param>
    /// <returns>EPERM: no privilege. EBUSY: there are objects. EINVAL: another value.</returns>
    public Errno SetRlimitMode(ulong value)
    {
        if (!Options.CanSetRlimitMode)
            return Errno.EPERM;
        if (_objects.Count > 0)
            return Errno.EBUSY;
        if (value > 1)
            return Errno.EINVAL;
        RlimitMode = value == 1;
        return Errno.None;
    }

    /// <summary>Claims a device's DMA for this file. Result: the id of an <see cref="IommufdDevice"/>.
    /// -EINVAL: not cache coherent, or it may not be blocked. -EPERM: interrupts are not isolated, or its group is somebody else's. -EBUSY: a foreign domain is attached.
    /// -EOPNOTSUPP: the driver is Linux 6.1's.</summary>
    /// <remarks>Source: Linux 6.12 drivers/iommu/iommufd/device.c:162.</remarks>
    public IEnumerable<DriverStep> Bind(IommuDevice device)
    {
        ArgumentNullException.ThrowIfNull(device);
        var refused = Refusal(device);
        if (refused != Errno.None)
        {
            yield return DriverStep.Fail(refused);
            yield break;
        }

        var call = new DriverCall();
        foreach (var step in call.Run(() => device.Group.ClaimDeviceDmaOwner(device.Member, this)))
            yield return step;
        if (call.Failed)
        {
            yield return call.Return;
            yield break;
        }

        if (!_groups.TryGetValue(device.Group, out var group))
            _groups[device.Group] = group = new IommufdGroup(device.Group);
        yield return DriverStep.Return(new IommufdDevice(this, device, group).Id);
    }

    /// <summary>Makes an HWPT. Result: its id. See <see cref="HwptAllocation"/> for the errors.</summary>
    public IEnumerable<DriverStep> AllocateHwpt(HwptAllocation request)
    {
        ArgumentNullException.ThrowIfNull(request);
        return request.Perform(this);
    }

    /// <summary>Invalidates what hardware has cached of a nested HWPT; <see cref="UserDataArray.Done"/> says how far that came. -ENOENT: not a nested HWPT.
    /// -EINVAL: no requests where there should be, or impossible sizes. Else the driver's result.</summary>
    /// <remarks>Source: Linux 6.12 drivers/iommu/iommufd/hw_pagetable.c:413.</remarks>
    public IEnumerable<DriverStep> Invalidate(int hwptId, UserDataArray requests)
    {
        ArgumentNullException.ThrowIfNull(requests);
        requests.Done = 0;
        if (requests.Count > 0 && (requests.Bytes == null || requests.EntryLength is <= 0 or > 4096 || requests.Count > 1 << 19))
            return [DriverStep.Fail(Errno.EINVAL)];
        return Find<HwptNested>(hwptId) is { } nested ? nested.UserDriver.InvalidateUser(nested.Domain, requests) : [DriverStep.Fail(Errno.ENOENT)];
    }

    /// <summary>Gives an object its id.</summary>
    internal int Add(IommufdObject added)
    {
        var id = _ids.Take() ?? throw new DriverException(Errno.ENOSPC, $"{nameof(IommufdContext)} has no id left below {int.MaxValue}");
        _objects[id] = added;
        return id;
    }

    /// <summary>Takes an object out of the file, users or not.</summary>
    internal IEnumerable<DriverStep> Remove(IommufdObject removed)
    {
        removed.IsDestroyed = true;
        _objects.Remove(removed.Id);
        _ids.Return(removed.Id);
        if (CompatIoas == removed)
            CompatIoas = null;
        return removed.Teardown();
    }

    /// <summary>Forgets a group of which no device is bound any more.</summary>
    internal void Forget(IommufdGroup group)
    {
        if (!_objects.Values.OfType<IommufdDevice>().Any(device => device.Group == group))
            _groups.Remove(group.Group);
    }

    private Errno Refusal(IommuDevice device)
    {
        if (device.Driver.Kernel == KernelVersion.Linux61)
            return Errno.EOPNOTSUPP;
        if (!device.CacheCoherency)
            return Errno.EINVAL;
        return device.IsolatedMsi || Options.AllowUnsafeInterrupts ? Errno.None : Errno.EPERM;
    }
}
