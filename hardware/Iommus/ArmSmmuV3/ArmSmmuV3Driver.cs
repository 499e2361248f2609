using Emulator.Hardware.Dma;
using Emulator.Hardware.Drivers;
using Emulator.Hardware.Iommus.ArmSmmuV3.Driver;
using Emulator.Hardware.Memory;
using Emulator.Hardware.PageTables;

namespace Emulator.Hardware.Iommus.ArmSmmuV3;

/// <summary>Linux's driver of one SMMUv3, as of 6.1 and of 6.12.</summary>
/// <remarks>Source: Linux 6.1.192 and 6.12.117 drivers/iommu/arm/arm-smmu-v3/arm-smmu-v3.c. Each concern has its class in <c>Driver/</c>.</remarks>
public sealed class ArmSmmuV3Driver : IIommuDriver, IPasidDriver
{
    private readonly DriverState _state;
    private readonly IAttachment _attachment;
    private readonly Linux612Attachment? _pasids;
    private readonly BringUp _bringUp;
    private readonly FaultHandlers _faults;
    private readonly ArmSmmuV3Domain _blocked = new(DomainType.Blocked);

    /// <summary>Makes the driver of one SMMU; nothing is touched before <see cref="Probe"/>.</summary>
    /// <param name="memory">The memory that SMMU and driver share.</param>
    /// <param name="frames">Gives tables and queues.</param>
    /// <param name="kernel">Whose sequences.</param>
    /// <param name="options">What module parameters, firmware and CPU say; null for the defaults.</param>
    /// <param name="asids">The kernel's ASIDs, shared by all SMMUs of a host; null for a range of its own.</param>
    public ArmSmmuV3Driver(PhysicalMemory memory, IFrameAllocator frames, KernelVersion kernel, ArmSmmuV3DriverOptions? options = null, IdentifierPool? asids = null)
    {
        _state = new DriverState(memory, frames, kernel, options ?? new ArmSmmuV3DriverOptions(), asids);
        _pasids = kernel == KernelVersion.Linux61 ? null : new Linux612Attachment(_state, _blocked);
        _attachment = _pasids ?? (IAttachment)new Linux61Attachment(_state);
        _bringUp = new BringUp(_state, _attachment.Unattached);
        _faults = new FaultHandlers(_state, _bringUp);
    }

    /// <inheritdoc/>
    public KernelVersion Kernel => _state.Kernel;

    /// <inheritdoc/>
    public bool HasNativeBlocking => Kernel != KernelVersion.Linux61;

    /// <inheritdoc/>
    public bool DefersFlushes => true;

    /// <summary>Answers stalled requests, as a handler of I/O page faults would; null: they are aborted.</summary>
    public Func<DmaDevice, EventRecord, ResumeResponse>? StallHandler
    {
        get => _faults.StallHandler;
        set => _faults.StallHandler = value;
    }

    /// <inheritdoc/>
    public IEnumerable<DriverStep> Probe() => _bringUp.Probe();

    /// <inheritdoc/>
    public IEnumerable<DriverStep> ProbeDevice(DmaDevice device)
    {
        ArgumentNullException.ThrowIfNull(device);
        var master = new Master(device, _state.Features);
        foreach (var stream in master.Streams)
        {
            var known = _state.MastersByStream.GetValueOrDefault(stream);
            if (!_state.Streams.Contains(stream))
            {
                yield return Refuse(master, Errno.ERANGE);
                yield break;
            }

            foreach (var step in _state.Streams.Cover(stream))
                yield return step;
            if (known != null && known != master)
            {
                yield return Refuse(master, Errno.EINVAL);
                yield break;
            }

            _state.MastersByStream[stream] = master;
        }

        _state.Masters[device.Name] = master;
    }

    /// <inheritdoc/>
    public IEnumerable<DriverStep> ReleaseDevice(DmaDevice device)
    {
        ArgumentNullException.ThrowIfNull(device);
        var master = _state.Find(device);
        foreach (var step in _attachment.Release(master))
            yield return step;
        Forget(master);
        _state.Masters.Remove(device.Name);
    }

    /// <inheritdoc/>
    public IommuDomain AllocateDomain(DomainType type) => type switch
    {
        DomainType.Blocked when HasNativeBlocking => _blocked,
        DomainType.Blocked => throw new DriverException(Errno.EINVAL, "this kernel's SMMUv3 driver has no blocked domain"),
        DomainType.Identity or DomainType.Unmanaged or DomainType.Dma or DomainType.DmaFlushQueue => new ArmSmmuV3Domain(type),
        _ => throw new DriverException(Errno.EINVAL, $"the SMMUv3 driver has no domain of type {type}"),
    };

    /// <summary>6.1's enable_nesting: the domain is made at stage 2.</summary>
    /// <returns>0, or EPERM when it was attached already.</returns>
    /// <exception cref="DriverException">EOPNOTSUPP: 6.12 does not have it.</exception>
    public Errno EnableNesting(IommuDomain domain)
    {
        if (Kernel != KernelVersion.Linux61)
            throw new DriverException(Errno.EOPNOTSUPP, "enable_nesting is gone in 6.12");
        var own = Own(domain);
        if (own.Owner != null)
            return Errno.EPERM;
        own.Stage = DomainStage.Nested;
        return Errno.None;
    }

    /// <inheritdoc/>
    public IEnumerable<DriverStep> FreeDomain(IommuDomain domain)
    {
        var own = Own(domain);
        if (own.PageTable != null)
        {
            foreach (var step in FlushAll(domain))
                yield return step;
        }

        _state.Release(own);
    }

    /// <inheritdoc/>
    public void Finalise(IommuDomain domain, DmaDevice device)
    {
        var own = Own(domain);
        if (own.Owner == null && _state.Finalise(own, _state.Find(device)) is var error && error != Errno.None)
            throw new DriverException(error, $"a {own.Type} domain cannot be made for {device.Name}");
    }

    /// <inheritdoc/>
    public IEnumerable<DriverStep> Attach(IommuDomain domain, DmaDevice device) => _attachment.Attach(Own(domain), _state.Find(device));

    /// <inheritdoc/>
    public IEnumerable<DriverStep> Detach(IommuDomain domain, DmaDevice device) => _attachment.Detach(_state.Find(device));

    /// <inheritdoc/>
    public IEnumerable<DriverStep> Block(DmaDevice device) => HasNativeBlocking
        ? _attachment.Attach(_blocked, _state.Find(device))
        : throw new DriverException(Errno.EOPNOTSUPP, "this kernel's SMMUv3 driver has no blocked domain");

    /// <summary>6.12: attaches a domain under a PASID (set_dev_pasid).</summary>
    /// <param name="domain">A stage-1 domain.</param>
    /// <param name="device">The device; without PASID it must be in a stage-1, the identity or the blocked domain.</param>
    /// <param name="pasid">1 and above.</param>
    /// <exception cref="DriverException">EOPNOTSUPP: 6.1 has it for shared virtual addressing only.</exception>
    public IEnumerable<DriverStep> AttachPasid(IommuDomain domain, DmaDevice device, uint pasid)
    {
        ArgumentOutOfRangeException.ThrowIfZero(pasid);
        return Pasids.AttachPasid(Own(domain), _state.Find(device), pasid);
    }

    /// <summary>6.12: takes a PASID's domain away (remove_dev_pasid).</summary>
    /// <exception cref="DriverException">EOPNOTSUPP, see <see cref="AttachPasid"/>.</exception>
    public IEnumerable<DriverStep> DetachPasid(DmaDevice device, uint pasid) => Pasids.DetachPasid(_state.Find(device), pasid);

    /// <inheritdoc/>
    public IEnumerable<DriverStep> SyncMap(IommuDomain domain, Iova iova, ulong size, InvalidationGather gather) => Sync(domain, gather);

    /// <inheritdoc/>
    public IEnumerable<DriverStep> Sync(IommuDomain domain, InvalidationGather gather)
    {
        ArgumentNullException.ThrowIfNull(gather);
        return Invalidations.Sync(_state, Own(domain), gather);
    }

    /// <inheritdoc/>
    public IEnumerable<DriverStep> FlushAll(IommuDomain domain)
    {
        var own = Own(domain);
        return own.Owner == null ? [] : Invalidations.EverythingOfDomain(_state, own);
    }

    /// <inheritdoc/>
    public IEnumerable<DriverStep> HandleInterrupt() => HandleGlobalErrors().Concat(HandleEvents()).Concat(HandlePageRequests());

    /// <summary>The event queue's interrupt.</summary>
    public IEnumerable<DriverStep> HandleEvents() => _faults.Events();

    /// <summary>The page request queue's interrupt.</summary>
    public IEnumerable<DriverStep> HandlePageRequests() => _faults.PageRequests();

    /// <summary>The global error interrupt.</summary>
    public IEnumerable<DriverStep> HandleGlobalErrors() => _faults.GlobalErrors();

    /// <summary>The machine goes down: the SMMU is disabled.</summary>
    public IEnumerable<DriverStep> Shutdown() => _bringUp.Disable();

    private Linux612Attachment Pasids => _pasids ?? throw new DriverException(Errno.EOPNOTSUPP, "6.1 attaches PASIDs for shared virtual addressing only");

    private static ArmSmmuV3Domain Own(IommuDomain domain) =>
        domain as ArmSmmuV3Domain ?? throw new DriverException(Errno.EINVAL, "the domain is not an SMMUv3's");

    private DriverStep Refuse(Master master, Errno error)
    {
        Forget(master);
        return DriverStep.Fail(error);
    }

    private void Forget(Master master)
    {
        foreach (var stream in master.Streams)
        {
            if (_state.MastersByStream.GetValueOrDefault(stream) == master)
                _state.MastersByStream.Remove(stream);
        }
    }
}
