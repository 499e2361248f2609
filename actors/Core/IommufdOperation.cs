using Emulator.Hardware.Core.Iommufd;
using Emulator.Hardware.Drivers;
using Emulator.Hardware.Memory;

namespace Emulator.Actors.Core;

/// <summary>An operation on an opened /dev/iommu; results and errors are those of <see cref="IommufdContext"/> and its objects. An id of another type: -ENOENT.</summary>
public abstract record IommufdOperation
{
    private protected IommufdOperation()
    {
    }

    /// <summary>The driver steps. Their result: what the ioctl hands out, or -4095 to -1.</summary>
    internal abstract IEnumerable<DriverStep> Perform(IommufdFile file);

    /// <summary>Which groups may change their domain by it, and what they may reach then.</summary>
    internal virtual IEnumerable<CoreGrant> Aims(IommufdFile file) => [];

    /// <summary>Makes an address space (IOMMU_IOAS_ALLOC). Result: its id.</summary>
    public sealed record AllocateIoas : IommufdOperation
    {
        internal override IEnumerable<DriverStep> Perform(IommufdFile file) => [DriverStep.Return(file.Context.AllocateIoas().Id)];
    }

    /// <summary>Maps a part of the process's buffer (IOMMU_IOAS_MAP). Result: the input address.</summary>
    /// <param name="IoasId">The address space.</param>
    /// <param name="Offset">First byte of the buffer.</param>
    /// <param name="Length">Bytes.</param>
    /// <param name="Flags">How.</param>
    /// <param name="Iova">The input address, with <see cref="IoasMapFlags.FixedIova"/>.</param>
    public sealed record MapIoas(int IoasId, ulong Offset, ulong Length, IoasMapFlags Flags, ulong Iova = 0) : IommufdOperation
    {
        internal override IEnumerable<DriverStep> Perform(IommufdFile file) => file.With<Ioas>(IoasId, ioas => ioas.Map(file.Memory, Length, Flags, Iova, Offset));
    }

    /// <summary>Unmaps whole mappings (IOMMU_IOAS_UNMAP). Result: bytes.</summary>
    /// <param name="IoasId">The address space.</param>
    /// <param name="Iova">First address.</param>
    /// <param name="Length">Bytes.</param>
    public sealed record UnmapIoas(int IoasId, ulong Iova, ulong Length) : IommufdOperation
    {
        internal override IEnumerable<DriverStep> Perform(IommufdFile file) => file.With<Ioas>(IoasId, ioas => ioas.Unmap(Iova, Length));
    }

    /// <summary>Maps what is mapped in another address space of the file (IOMMU_IOAS_COPY). Result: the input address.</summary>
    /// <param name="IoasId">The address space.</param>
    /// <param name="SourceId">The other one.</param>
    /// <param name="Source">What of it.</param>
    /// <param name="Flags">How.</param>
    /// <param name="Iova">The input address, with <see cref="IoasMapFlags.FixedIova"/>.</param>
    public sealed record CopyIoas(int IoasId, int SourceId, IovaRange Source, IoasMapFlags Flags, ulong Iova = 0) : IommufdOperation
    {
        internal override IEnumerable<DriverStep> Perform(IommufdFile file) =>
            file.With<Ioas>(IoasId, ioas => file.With<Ioas>(SourceId, source => ioas.Copy(source, Source, Flags, Iova)));
    }

    /// <summary>Says where automatic addresses may come from (IOMMU_IOAS_ALLOW_IOVAS).</summary>
    /// <param name="IoasId">The address space.</param>
    /// <param name="Ranges">The whole list; empty: anywhere.</param>
    public sealed record AllowIovas(int IoasId, IReadOnlyList<IovaRange> Ranges) : IommufdOperation
    {
        internal override IEnumerable<DriverStep> Perform(IommufdFile file) => file.With<Ioas>(IoasId, ioas => [DriverStep.Fail(ioas.AllowIovas(Ranges))]);
    }

    /// <summary>Binds a device of the host (VFIO_DEVICE_BIND_IOMMUFD): claims its group. Result: the id of the bound device.</summary>
    /// <param name="Device">The device's number in the host; none such: -ENODEV.</param>
    public sealed record Bind(int Device) : IommufdOperation
    {
        internal override IEnumerable<DriverStep> Perform(IommufdFile file) =>
            file.Core.Device(Device) is { } device ? file.Context.Bind(device) : [DriverStep.Fail(Errno.ENODEV)];

        // A claim through another device of the group changes nothing.
        internal override IEnumerable<CoreGrant> Aims(IommufdFile file) =>
            file.Core.Device(Device) is { Group.Owner: null } device ? file.Aim(device.Group, _ => OwnerTag.None) : [];
    }

    /// <summary>Gives a bound device back. -EBUSY: it is attached.</summary>
    /// <param name="DeviceId">The bound device.</param>
    public sealed record Unbind(int DeviceId) : IommufdOperation
    {
        internal override IEnumerable<DriverStep> Perform(IommufdFile file) => file.With<IommufdDevice>(DeviceId, static device => device.Unbind());

        internal override IEnumerable<CoreGrant> Aims(IommufdFile file) => file.Aim(DeviceId, static group => group.GrantedIn(group.Group.DefaultDomain));
    }

    /// <summary>Attaches a bound device, and its group with it (VFIO_DEVICE_ATTACH_IOMMUFD_PT). Result: the id of the HWPT.</summary>
    /// <param name="DeviceId">The bound device.</param>
    /// <param name="PtId">An HWPT; or an IOAS, for one that is made.</param>
    public sealed record Attach(int DeviceId, int PtId) : IommufdOperation
    {
        internal override IEnumerable<DriverStep> Perform(IommufdFile file) => file.With<IommufdDevice>(DeviceId, device => device.Attach(PtId));

        internal override IEnumerable<CoreGrant> Aims(IommufdFile file) => file.Aim(DeviceId, _ => file.Tenant);
    }

    /// <summary>Moves a device, and its group with it, to another HWPT with nothing in between. Result: its id.</summary>
    /// <param name="DeviceId">The bound device.</param>
    /// <param name="PtId">As of <see cref="Attach"/>.</param>
    public sealed record Replace(int DeviceId, int PtId) : IommufdOperation
    {
        internal override IEnumerable<DriverStep> Perform(IommufdFile file) => file.With<IommufdDevice>(DeviceId, device => device.Replace(PtId));

        internal override IEnumerable<CoreGrant> Aims(IommufdFile file) => file.Aim(DeviceId, _ => file.Tenant);
    }

    /// <summary>Detaches a device; after the last of its group DMA is blocked.</summary>
    /// <param name="DeviceId">The bound device.</param>
    public sealed record Detach(int DeviceId) : IommufdOperation
    {
        internal override IEnumerable<DriverStep> Perform(IommufdFile file) => file.With<IommufdDevice>(DeviceId, static device => device.Detach());

        internal override IEnumerable<CoreGrant> Aims(IommufdFile file) => file.Aim(DeviceId, static _ => OwnerTag.None);
    }

    /// <summary>Makes an HWPT (IOMMU_HWPT_ALLOC). Result: its id.</summary>
    /// <param name="Request">For which device, on what, what for.</param>
    public sealed record AllocateHwpt(HwptAllocation Request) : IommufdOperation
    {
        internal override IEnumerable<DriverStep> Perform(IommufdFile file) => file.Context.AllocateHwpt(Request);
    }

    /// <summary>Invalidates what hardware has cached of a nested HWPT (IOMMU_HWPT_INVALIDATE).</summary>
    /// <param name="HwptId">The HWPT.</param>
    /// <param name="Requests">What; says afterwards how far that came.</param>
    public sealed record Invalidate(int HwptId, UserDataArray Requests) : IommufdOperation
    {
        internal override IEnumerable<DriverStep> Perform(IommufdFile file) => file.Context.Invalidate(HwptId, Requests);
    }

    /// <summary>Makes a queue for page requests (IOMMU_FAULT_QUEUE_ALLOC). Result: its id, for <see cref="HwptAllocation"/>.</summary>
    public sealed record AllocateFaultQueue : IommufdOperation
    {
        internal override IEnumerable<DriverStep> Perform(IommufdFile file) => [DriverStep.Return(file.Context.AllocateFaultQueue().Id)];
    }

    /// <summary>Reads a queue's file: takes whole groups of page requests, which <see cref="IommufdMessages.IommufdAnswer.Faults"/> has. Result: how many requests.</summary>
    /// <param name="QueueId">The queue.</param>
    /// <param name="Capacity">Requests that there is room for.</param>
    public sealed record ReadFaults(int QueueId, int Capacity) : IommufdOperation
    {
        internal override IEnumerable<DriverStep> Perform(IommufdFile file) => file.With<FaultQueue>(QueueId, queue =>
        {
            var errno = queue.Read(Capacity, out var faults);
            file.FaultsRead = faults;
            return [errno == Errno.None ? DriverStep.Return(faults.Count) : DriverStep.Fail(errno)];
        });
    }

    /// <summary>Writes to a queue's file: answers groups of page requests. Result: how many.</summary>
    /// <param name="QueueId">The queue.</param>
    /// <param name="Responses">A group's cookie and its answer, each.</param>
    public sealed record RespondFaults(int QueueId, IReadOnlyList<(int Cookie, PageResponseCode Code)> Responses) : IommufdOperation
    {
        internal override IEnumerable<DriverStep> Perform(IommufdFile file) => file.With<FaultQueue>(QueueId, queue => queue.Write(Responses));
    }

    /// <summary>Closes a queue's file: then it can be destroyed.</summary>
    /// <param name="QueueId">The queue.</param>
    public sealed record CloseFaultQueue(int QueueId) : IommufdOperation
    {
        internal override IEnumerable<DriverStep> Perform(IommufdFile file) => file.With<FaultQueue>(QueueId, queue =>
        {
            queue.Close();
            return [];
        });
    }

    /// <summary>Turns dirty tracking of an HWPT on or off (IOMMU_HWPT_SET_DIRTY_TRACKING).</summary>
    /// <param name="HwptId">The HWPT.</param>
    /// <param name="Enable">On.</param>
    public sealed record SetDirtyTracking(int HwptId, bool Enable) : IommufdOperation
    {
        internal override IEnumerable<DriverStep> Perform(IommufdFile file) => file.With<HwptPaging>(HwptId, hwpt => hwpt.SetDirtyTracking(Enable));
    }

    /// <summary>Destroys an object (IOMMU_DESTROY).</summary>
    /// <param name="Id">The object.</param>
    public sealed record Destroy(int Id) : IommufdOperation
    {
        internal override IEnumerable<DriverStep> Perform(IommufdFile file) => file.Context.Destroy(Id);
    }

    /// <summary>Closes the file: its devices are detached and unbound, its objects destroyed.</summary>
    public sealed record Close : IommufdOperation
    {
        internal override IEnumerable<DriverStep> Perform(IommufdFile file) => file.Close();

        internal override IEnumerable<CoreGrant> Aims(IommufdFile file) =>
            file.Devices.SelectMany(device => file.Aim(device.Id, static group => group.GrantedIn(group.Group.DefaultDomain)));
    }
}
