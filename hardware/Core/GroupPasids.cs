using Emulator.Hardware.Drivers;

namespace Emulator.Hardware.Core;

/// <summary>6.12: the attachments of a group by PASID (pasid_array). Slot 0 stands for DMA without a PASID and holds the handle of the group's own
/// attachment.</summary>
/// <remarks>Source: Linux 6.12 drivers/iommu/iommu.c:3391.</remarks>
internal sealed class GroupPasids(GroupDomains group)
{
    private const uint NoPasid = 0;

    private readonly Dictionary<uint, AttachHandle?> _slots = [];

    public bool IsEmpty => _slots.Count == 0;

    public AttachHandle Find(uint pasid, DomainType? type)
    {
        if (_slots.GetValueOrDefault(pasid) is not { } handle)
            throw new DriverException(Errno.ENOENT, $"nothing with a handle is attached under PASID {pasid}");
        return type == null || handle.Domain?.Type == type
            ? handle
            : throw new DriverException(Errno.EBUSY, $"PASID {pasid} is attached to a domain of type {handle.Domain?.Type}, not {type}");
    }

    /// <summary>The group's attachment takes slot 0.</summary>
    public bool TryReserve(AttachHandle handle) => _slots.TryAdd(NoPasid, handle);

    /// <summary>Slot 0 changes hands; null empties it.</summary>
    public void Replace(AttachHandle? handle)
    {
        _slots.Remove(NoPasid);
        if (handle != null)
            _slots.Add(NoPasid, handle);
    }

    public IEnumerable<DriverStep> Attach(IommuDomain domain, GroupMember member, uint pasid, AttachHandle? handle)
    {
        var errno = Check(domain, member, pasid);
        if (errno != Errno.None)
        {
            yield return DriverStep.Fail(errno);
            yield break;
        }

        _slots.Add(pasid, handle);
        if (handle != null)
            handle.Domain = domain;
        var driver = (IPasidDriver)group.Driver;
        var (attach, revert) = (new SequenceResult(), new SequenceResult());
        for (var index = 0; index < group.Members.Count && !attach.Failed; index++)
        {
            foreach (var step in attach.Of(driver.AttachPasid(domain, group.Members[index].Device, pasid)))
                yield return step;
            foreach (var step in attach.Failed ? revert.Of(DetachFirst(index, pasid)) : [])
                yield return step;
        }

        if (attach.Failed)
            _slots.Remove(pasid);
        yield return DriverStep.Return(Math.Min(attach.Value, 0));
    }

    public IEnumerable<DriverStep> Detach(uint pasid)
    {
        foreach (var step in DetachFirst(group.Driver is IPasidDriver ? group.Members.Count : 0, pasid))
            yield return step;
        _slots.Remove(pasid);
        yield return DriverStep.Return(0);
    }

    private Errno Check(IommuDomain domain, GroupMember member, uint pasid)
    {
        if (group.Driver is not IPasidDriver || group.Driver.Kernel == KernelVersion.Linux61)
            return Errno.EOPNOTSUPP;
        if (!group.Members.Contains(member))
            return Errno.ENODEV;
        if (!group.Made(domain) || pasid == NoPasid || group.Members.Exists(other => pasid >= other.MaxPasids))
            return Errno.EINVAL;
        return _slots.ContainsKey(pasid) ? Errno.EBUSY : Errno.None;
    }

    private IEnumerable<DriverStep> DetachFirst(int count, uint pasid)
    {
        var detach = new SequenceResult();
        foreach (var member in group.Members.Take(count))
        {
            foreach (var step in detach.Of(((IPasidDriver)group.Driver).DetachPasid(member.Device, pasid)))
                yield return step;
        }
    }
}
