using Emulator.Hardware.Drivers;

namespace Emulator.Hardware.Core;

/// <summary>
/// An iommu_group: devices that the IOMMU cannot keep apart, the domain they are in, and whose they are. What the core of 6.1 and of 6.12 lets a caller do, in
/// which order it tells the driver, and what is left when the driver fails.
/// </summary>
/// <remarks>
/// Operations are driver sequences: state changes as they are enumerated, the last step is the result. One at a time, each to its end: that is the group's
/// mutex. Operations that one
/// kernel does not have end with -EOPNOTSUPP there. Source: Linux 6.1.192 and 6.12.117 drivers/iommu/iommu.c.
/// </remarks>
public sealed class IommuGroup
{
    private readonly GroupDomains _domains;
    private readonly GroupPasids _pasids;

    /// <summary>Makes a group of devices that their driver has probed. It has no domain yet: probing ends with <see cref="AttachDefault"/>.</summary>
    /// <param name="driver">The driver of the IOMMU; its kernel is the core's.</param>
    /// <param name="members">The devices, in the order in which they are attached.</param>
    /// <param name="options">What configuration says; null for the defaults.</param>
    public IommuGroup(IIommuDriver driver, IEnumerable<GroupMember> members, IommuGroupOptions? options = null)
    {
        ArgumentNullException.ThrowIfNull(driver);
        ArgumentNullException.ThrowIfNull(members);
        options ??= new IommuGroupOptions();
        Kernel = driver.Kernel;
        _domains = Kernel == KernelVersion.Linux61 ? new Linux61Domains(driver, members, options) : new Linux612Domains(driver, members, options);
        _pasids = new GroupPasids(_domains);
    }

    /// <summary>Which core this is.</summary>
    public KernelVersion Kernel { get; }

    /// <summary>The devices.</summary>
    public IReadOnlyList<GroupMember> Members => _domains.Members;

    /// <summary>The domain that the group says its devices are in; null: none - before the probe's end, and where 6.1 has no default domain.</summary>
    public IommuDomain? Domain => _domains.Current;

    /// <summary>Where the group goes when nobody owns it; null before <see cref="AttachDefault"/>, and in 6.1 where the driver has none.</summary>
    public IommuDomain? DefaultDomain => _domains.Default;

    /// <summary>Where the group is while it is owned and not attached; null before the first claim. It is kept until the last device is released.</summary>
    public IommuDomain? BlockingDomain => _domains.Blocking;

    /// <summary>Who claimed the group; null: nobody, or kernel drivers are bound.</summary>
    public object? Owner { get; private set; }

    /// <summary>Bound kernel drivers, or claims of the owner.</summary>
    public int OwnerCount { get; private set; }

    /// <summary>What owner, count and domain come to.</summary>
    public GroupState State => Owner != null
        ? Domain == BlockingDomain ? GroupState.Claimed : GroupState.ClaimedAttached
        : Domain != DefaultDomain ? GroupState.ForeignAttached : OwnerCount > 0 ? GroupState.Kernel : GroupState.Idle;

    /// <summary>The kernel's warnings, oldest first: each names the condition.</summary>
    public IReadOnlyList<string> Warnings => _domains.Warnings;

    private bool Is61 => Kernel == KernelVersion.Linux61;

    /// <summary>Asks the driver for a domain and writes down that it is this driver's, which 6.12 checks at the attach.</summary>
    /// <exception cref="DriverException">The driver has no domain of that type, or no identifiers are left.</exception>
    public IommuDomain AllocateDomain(DomainType type) => _domains.Allocate(type);

    /// <summary>What probing ends with: the default domain is made, once, and attached to all devices but the deferred. Result: 0, or the driver's error.</summary>
    public IEnumerable<DriverStep> AttachDefault() => Enumerate(_domains.AttachDefault);

    /// <summary>A kernel driver binds to a device and will use the DMA API. Result: 0; -EBUSY when the group is owned, or drivers are bound and it is not in
    /// its default domain;
    /// 6.12: -EPROBE_DEFER before the end of the probe.</summary>
    /// <remarks>6.1 drivers/iommu/iommu.c:3100 (identity in place of identity passes), 6.12 :3110.</remarks>
    public IEnumerable<DriverStep> UseDefaultDomain() => Enumerate(() =>
    {
        if (!Is61 && DefaultDomain == null)
            return Fail(Errno.EPROBE_DEFER);
        if (OwnerCount > 0 && (Owner != null || !IsInDefault || !_pasids.IsEmpty))
            return Fail(Errno.EBUSY);
        OwnerCount++;
        return [];
    });

    /// <summary>A kernel driver was unbound. Warns and counts nothing when none was bound, or (6.12) while a PASID is attached.</summary>
    public void UnuseDefaultDomain()
    {
        if (OwnerCount == 0 || !_pasids.IsEmpty)
            Warn("a driver stops using the default domain that does not, or left a PASID attached (iommu_device_unuse_default_domain)");
        else
            OwnerCount--;
    }

    /// <summary>Takes the group over for user space, with all its devices blocked. Result: 0; -EPERM when drivers are bound or it is owned, be it by the same
    /// owner; -EBUSY when it is in a
    /// domain of somebody's or (6.12) PASIDs are attached; the blocking domain's error (6.1: -EINVAL); the error of attaching it. 6.12: -EINVAL and a warning
    /// without an owner.</summary>
    /// <remarks>6.1: after a failed attach devices stay blocked as far as they were. 6.12 drivers/iommu/iommu.c:3185: they are taken back.</remarks>
    public IEnumerable<DriverStep> ClaimDmaOwner(object? owner) => Enumerate(() =>
        IsRefused(owner) ? Fail(Errno.EINVAL) : OwnerCount > 0 ? Fail(Errno.EPERM) : TakeOwnership(owner));

    /// <summary>Gives the group back: default domain, no owner. Result: 0. Warns and changes nothing when it is not owned, or (6.12) PASIDs are attached.</summary>
    public IEnumerable<DriverStep> ReleaseDmaOwner() => Enumerate(ReleaseOwnership);

    /// <summary>6.12: claims through one device; the same owner may claim through several. Result: as <see cref="ClaimDmaOwner"/>, but -EPERM for another
    /// owner only, and -ENODEV for a device
    /// of no group.</summary>
    /// <remarks>6.12 drivers/iommu/iommu.c:3244.</remarks>
    public IEnumerable<DriverStep> ClaimDeviceDmaOwner(GroupMember member, object? owner) => Enumerate(() =>
    {
        if (Is61)
            return Fail(Errno.EOPNOTSUPP);
        if (!Has(member))
            return Fail(Errno.ENODEV);
        if (IsRefused(owner))
            return Fail(Errno.EINVAL);
        if (OwnerCount == 0)
            return TakeOwnership(owner);
        if (Owner != owner)
            return Fail(Errno.EPERM);
        OwnerCount++;
        return [];
    });

    /// <summary>6.12: gives back what <see cref="ClaimDeviceDmaOwner"/> took; the last one releases the group.</summary>
    /// <remarks>6.12 drivers/iommu/iommu.c:3304.</remarks>
    public IEnumerable<DriverStep> ReleaseDeviceDmaOwner(GroupMember member) => Enumerate(() =>
    {
        if (Is61)
            return Fail(Errno.EOPNOTSUPP);
        if (OwnerCount <= 1)
            return ReleaseOwnership();
        OwnerCount--;
        return [];
    });

    /// <summary>Attaches all devices to a domain; whether the group is owned does not matter. Result: 0; -EBUSY when it is in a domain that is neither the
    /// default nor the blocking one;
    /// 6.12: -EINVAL for another driver's domain; the driver's error.</summary>
    /// <remarks>6.1 drivers/iommu/iommu.c:2088, 6.12 :2180.</remarks>
    public IEnumerable<DriverStep> AttachGroup(IommuDomain domain) => Enumerate(() =>
    {
        ArgumentNullException.ThrowIfNull(domain);
        if (Domain != null && Domain != DefaultDomain && Domain != BlockingDomain)
            return Fail(Errno.EBUSY);
        return Is61 || _domains.Made(domain) ? _domains.SetForCaller(domain) : Fail(Errno.EINVAL);
    });

    /// <summary>Leaves a domain: for the blocking domain when the group is owned, else for the default domain. Which domain is said to be left does not
    /// matter. Result: 0; an error is a
    /// warning.</summary>
    public IEnumerable<DriverStep> DetachGroup(IommuDomain domain) => Enumerate(SetCoreDomain);

    /// <summary>6.12: exchanges the domain without blocking in between. Result: 0; -EINVAL for no domain; the driver's error, and then the old domain is
    /// attached.</summary>
    /// <remarks>6.12 drivers/iommu/iommu.c:2231.</remarks>
    public IEnumerable<DriverStep> ReplaceGroup(IommuDomain? domain) => Enumerate(() =>
        Is61 ? Fail(Errno.EOPNOTSUPP) : domain == null ? Fail(Errno.EINVAL) : _domains.Set(domain));

    /// <summary>Attaches the only device of a group. Result: as <see cref="AttachGroup"/>; -EINVAL when the group has several; -ENODEV for a device of no
    /// group.</summary>
    public IEnumerable<DriverStep> AttachDevice(GroupMember member, IommuDomain domain) =>
        Enumerate(() => !Has(member) ? Fail(Errno.ENODEV) : Members.Count != 1 ? Fail(Errno.EINVAL) : AttachGroup(domain));

    /// <summary>Detaches the only device of a group, as <see cref="DetachGroup"/>. Warns and does nothing when the group has several, or is in another domain.
    /// Result: 0.</summary>
    public IEnumerable<DriverStep> DetachDevice(GroupMember member, IommuDomain domain) => Enumerate(() =>
    {
        if (!Has(member))
            return [];
        if (Domain == domain && Members.Count == 1)
            return SetCoreDomain();
        Warn("a device is detached whose group has others, or is in another domain (iommu_detach_device)");
        return [];
    });

    /// <summary>6.12: attaches a domain under a PASID of all devices; whether the group is owned does not matter. Result: 0; -EOPNOTSUPP where the driver
    /// cannot; -ENODEV for a device of no
    /// group; -EINVAL for another driver's domain, PASID 0 and one that some device does not have; -EBUSY when the PASID is taken; the driver's error, and
    /// then no device has it.</summary>
    /// <remarks>6.12 drivers/iommu/iommu.c:3391.</remarks>
    public IEnumerable<DriverStep> AttachPasid(IommuDomain domain, GroupMember member, uint pasid, AttachHandle? handle = null)
    {
        ArgumentNullException.ThrowIfNull(domain);
        return Enumerate(() => _pasids.Attach(domain, member, pasid, handle));
    }

    /// <summary>6.12: takes a PASID's domain away, which blocks that PASID. Result: 0.</summary>
    public IEnumerable<DriverStep> DetachPasid(IommuDomain domain, GroupMember member, uint pasid) => Enumerate(() => _pasids.Detach(pasid));

    /// <summary>6.12: <see cref="AttachGroup"/> with a handle. Result: likewise; -EBUSY when the group has a handle.</summary>
    public IEnumerable<DriverStep> AttachGroupHandle(IommuDomain domain, AttachHandle handle)
    {
        ArgumentNullException.ThrowIfNull(handle);
        return Enumerate(() =>
        {
            if (Is61)
                return Fail(Errno.EOPNOTSUPP);
            handle.Domain = domain;
            return _pasids.TryReserve(handle) ? After(AttachGroup(domain), onFailure: () => _pasids.Replace(null)) : Fail(Errno.EBUSY);
        });
    }

    /// <summary>6.12: <see cref="DetachGroup"/>; then the handle is free.</summary>
    public IEnumerable<DriverStep> DetachGroupHandle(IommuDomain domain) =>
        Enumerate(() => Is61 ? Fail(Errno.EOPNOTSUPP) : After(DetachGroup(domain), onSuccess: () => _pasids.Replace(null)));

    /// <summary>6.12: <see cref="ReplaceGroup"/> with another handle, null for none. After an error the former handle stays.</summary>
    public IEnumerable<DriverStep> ReplaceGroupHandle(IommuDomain? domain, AttachHandle? handle) => Enumerate(() =>
    {
        if (handle != null && !Is61 && domain != null)
            handle.Domain = domain;
        return After(ReplaceGroup(domain), onSuccess: () => _pasids.Replace(handle));
    });

    /// <summary>6.12: the handle of an attachment.</summary>
    /// <param name="pasid">The PASID; 0 for the group's own.</param>
    /// <param name="type">The type that the attached domain must have; null for any.</param>
    /// <exception cref="DriverException">ENOENT: nothing is attached there, or without a handle. EBUSY: the domain is of another type.</exception>
    public AttachHandle GetHandle(uint pasid, DomainType? type = null) => _pasids.Find(pasid, type);

    /// <summary>The group's sysfs file "type": another default domain. Result: 0; -EINVAL for a type that is none of identity, DMA and DMA with a flush queue,
    /// or that the driver does not have;
    /// 6.1: -EINVAL for several devices, -EBUSY while a driver is bound; 6.12: -EPERM without devices or while a driver is bound; the driver's error, and then
    /// the former stays.</summary>
    /// <param name="type">The type; null for "auto".</param>
    /// <remarks>A flush queue is added to a DMA domain in use, whoever is bound. Source: 6.1 drivers/iommu/iommu.c:3013, 6.12 :3047. The caller's privileges
    /// are not modelled.</remarks>
    public IEnumerable<DriverStep> SetDefaultDomainType(DomainType? type) => Enumerate(() =>
    {
        if (DefaultDomain is not { } current || type is not (null or DomainType.Identity or DomainType.Dma or DomainType.DmaFlushQueue))
            return Fail(Errno.EINVAL);
        if (Is61 && Members.Count != 1)
            return Fail(Errno.EINVAL);
        if (type == DomainType.DmaFlushQueue && current.Type == DomainType.Dma)
        {
            current.Type = DomainType.DmaFlushQueue;
            return [];
        }

        if (OwnerCount > 0 || Members.Count == 0)
            return Fail(Is61 ? Errno.EBUSY : Errno.EPERM);
        var wanted = type ?? _domains.Options.DefaultDomainType;
        return wanted == null || current.Type == wanted ? [] : ExchangeDefault(_domains.Allocate(wanted.Value));
    });

    /// <summary>The first DMA API mapping of a device: makes up for the attach that was deferred. Result: 0, or the driver's error.</summary>
    /// <remarks>6.1 drivers/iommu/iommu.c:2007, 6.12 :2132.</remarks>
    public IEnumerable<DriverStep> DeferredAttach(GroupMember member)
    {
        ArgumentNullException.ThrowIfNull(member);
        return Enumerate(() => member.AttachDeferred && DefaultDomain is { } domain ? _domains.Attach(member, domain) : []);
    }

    /// <summary>A device goes away. 6.12: the release domain is attached first, where the driver has one and the device was ever attached; 6.1's core does not
    /// switch. With the last
    /// device go the group's domains. Result: 0.</summary>
    public IEnumerable<DriverStep> ReleaseDevice(GroupMember member)
    {
        if (!Has(member))
        {
            yield return DriverStep.Fail(Errno.ENODEV);
            yield break;
        }

        var ignored = new SequenceResult();
        if (!Is61 && !member.AttachDeferred && _domains.Options.ReleaseDomainType is { } type)
        {
            foreach (var step in ignored.Of(_domains.Attach(member, _domains.Allocate(type))))
                yield return step;
        }

        foreach (var step in ignored.Of(_domains.Driver.ReleaseDevice(member.Device)))
            yield return step;
        _domains.Members.Remove(member);
        foreach (var step in Members.Count == 0 ? _domains.Free() : [])
            yield return step;
        yield return DriverStep.Return(0);
    }

    private bool IsInDefault => Domain == DefaultDomain || (Is61 && Domain?.Type == DomainType.Identity && DefaultDomain?.Type == DomainType.Identity);

    private static IEnumerable<DriverStep> Fail(Errno errno) => [DriverStep.Fail(errno)];

    // What an operation checks and changes belongs to its enumeration, not to the call that names it.
    private static IEnumerable<DriverStep> Enumerate(Func<IEnumerable<DriverStep>> operation)
    {
        var result = new SequenceResult();
        foreach (var step in result.Of(Begin()))
            yield return step;
        yield return DriverStep.Return(result.Value);

        IEnumerable<DriverStep> Begin()
        {
            foreach (var step in operation())
                yield return step;
        }
    }

    private static IEnumerable<DriverStep> After(IEnumerable<DriverStep> operation, Action? onSuccess = null, Action? onFailure = null)
    {
        var result = new SequenceResult();
        foreach (var step in result.Of(operation))
            yield return step;
        (result.Failed ? onFailure : onSuccess)?.Invoke();
        yield return DriverStep.Return(result.Value);
    }

    private void Warn(string condition) => _domains.Warnings.Add(condition);

    private bool Has(GroupMember member) => _domains.Members.Contains(member);

    private bool IsRefused(object? owner)
    {
        if (Is61 || owner != null)
            return false;
        Warn("a claim without an owner (6.12 drivers/iommu/iommu.c:3185)");
        return true;
    }

    private IEnumerable<DriverStep> TakeOwnership(object? owner)
    {
        if ((Domain != null && Domain != DefaultDomain) || !_pasids.IsEmpty)
            return Fail(Errno.EBUSY);
        var errno = _domains.EnsureBlocking();
        return errno != Errno.None ? Fail(errno) : After(_domains.Set(BlockingDomain), onSuccess: () => (Owner, OwnerCount) = (owner, 1));
    }

    private IEnumerable<DriverStep> ReleaseOwnership()
    {
        if (OwnerCount == 0 || Owner == null || !_pasids.IsEmpty)
        {
            Warn("a release of a group that is not owned, or has PASIDs attached (6.12 drivers/iommu/iommu.c:3304)");
            return [];
        }

        (Owner, OwnerCount) = (null, 0);
        return SetCoreDomain();
    }

    // Nobody hears of an error: the kernel warned.
    private IEnumerable<DriverStep> SetCoreDomain() =>
        _domains.SetWithoutFail(Owner != null ? BlockingDomain : DefaultDomain).Where(step => step.Kind != DriverStepKind.Return);

    private IEnumerable<DriverStep> ExchangeDefault(IommuDomain domain)
    {
        var former = _domains.ExchangeDefault(domain);
        var (attach, free) = (new SequenceResult(), new SequenceResult());
        foreach (var step in attach.Of(_domains.Set(domain)))
            yield return step;
        if (attach.Failed)
            _domains.ExchangeDefault(former);
        var unused = attach.Failed ? domain : former;
        foreach (var step in unused is { IsPaging: true } ? free.Of(_domains.Driver.FreeDomain(unused)) : [])
            yield return step;
        yield return DriverStep.Return(attach.Value);
    }
}
