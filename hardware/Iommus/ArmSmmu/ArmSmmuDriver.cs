using Emulator.Hardware.Dma;
using Emulator.Hardware.Drivers;
using Emulator.Hardware.Iommus.ArmSmmu.Driver;
using Emulator.Hardware.Memory;
using Emulator.Hardware.PageTables;
using Emulator.Hardware.Registers;
using R = Emulator.Hardware.Iommus.ArmSmmu.ArmSmmuRegisters;

namespace Emulator.Hardware.Iommus.ArmSmmu;

/// <summary>Linux's driver of one SMMUv1 or SMMUv2, as of 6.1 and of 6.12.</summary>
/// <remarks>Source: drivers/iommu/arm/arm-smmu/arm-smmu.c; line numbers are of 6.1.192 unless they are marked 6.12 (6.12.117). Each concern has its class in <c>Driver/</c>.</remarks>
public sealed class ArmSmmuDriver : IIommuDriver
{
    private const int TranslateReads = 11;

    private readonly DriverState _state;
    private readonly BringUp _bringUp;
    private readonly FaultHandlers _faults;

    /// <summary>Makes the driver of one SMMU; nothing is touched before <see cref="Probe"/>.</summary>
    /// <param name="memory">The memory that SMMU and driver share.</param>
    /// <param name="frames">Gives the tables.</param>
    /// <param name="kernel">Whose sequences.</param>
    /// <param name="options">What module parameters, firmware and configuration say; null for the defaults.</param>
    /// <exception cref="ArgumentException">A kernel without default domains: 6.1 only.</exception>
    public ArmSmmuDriver(PhysicalMemory memory, IFrameAllocator frames, KernelVersion kernel, ArmSmmuDriverOptions? options = null)
    {
        options ??= new ArmSmmuDriverOptions();
        if (kernel != KernelVersion.Linux61 && !options.HasDefaultDomains)
            throw new ArgumentException("every kernel since 6.1 has a default domain for each group", nameof(options));
        _state = new DriverState(memory, frames, kernel, options);
        _bringUp = new BringUp(_state);
        _faults = new FaultHandlers(_state);
    }

    /// <inheritdoc/>
    public KernelVersion Kernel => _state.Kernel;

    /// <inheritdoc/>
    public bool HasNativeBlocking => Kernel != KernelVersion.Linux61;

    /// <inheritdoc/>
    public bool DefersFlushes => true;

    /// <summary>Told of the faults of paging domains, before they are cleared; null: they are logged.</summary>
    public Action<IommuDomain, Iova, DmaAccess>? FaultHandler
    {
        get => _faults.Handler;
        set => _faults.Handler = value;
    }

    /// <inheritdoc/>
    /// <remarks>Result: -ENODEV for an SMMU without stages, without SMRs though it matches streams, or with fewer context interrupts than banks (version 2).</remarks>
    public IEnumerable<DriverStep> Probe() => _bringUp.Probe();

    /// <inheritdoc/>
    /// <remarks>Result: -EINVAL for a stream or mask wider than the SMMU's, or one that overlaps another entry in part; -ENOSPC without a free entry; -EEXIST for
    /// a device that is there already.</remarks>
    public IEnumerable<DriverStep> ProbeDevice(DmaDevice device)
    {
        ArgumentNullException.ThrowIfNull(device);
        var master = new Master(device);
        if (!_state.Masters.TryAdd(device.Name, master))
        {
            yield return DriverStep.Fail(Errno.EEXIST);
            yield break;
        }

        foreach (var step in Enter(master))
            yield return step;
        if (master.Entries.Count == 0)
            _state.Masters.Remove(device.Name);
    }

    /// <inheritdoc/>
    public IEnumerable<DriverStep> ReleaseDevice(DmaDevice device)
    {
        ArgumentNullException.ThrowIfNull(device);
        foreach (var step in _state.Streams.Leave(_state.Find(device)))
            yield return step;
        _state.Masters.Remove(device.Name);
    }

    /// <summary>The group of a device: its own, or that of the devices it shares a stream entry with.</summary>
    /// <returns>A group number, from 0.</returns>
    /// <exception cref="DriverException">EINVAL: its entries belong to more than one group.</exception>
    public int GroupOf(DmaDevice device)
    {
        ArgumentNullException.ThrowIfNull(device);
        return _state.Streams.GroupOf(_state.Find(device));
    }

    /// <inheritdoc/>
    public IommuDomain AllocateDomain(DomainType type) => type switch
    {
        DomainType.Blocked when HasNativeBlocking => new ArmSmmuDomain(type),
        DomainType.Dma or DomainType.DmaFlushQueue when _state.Options.LegacyBinding && Kernel == KernelVersion.Linux61 =>
            throw new DriverException(Errno.EINVAL, "no DMA domains with the mmu-masters binding"),
        DomainType.Identity or DomainType.Unmanaged or DomainType.Dma or DomainType.DmaFlushQueue => new ArmSmmuDomain(type),
        _ => throw new DriverException(Errno.EINVAL, $"the SMMU driver of {Kernel} has no domain of type {type}"),
    };

    /// <summary>enable_nesting: the domain is made at stage 2.</summary>
    /// <returns>None; EPERM when it was attached already; EINVAL when it is not unmanaged.</returns>
    public Errno EnableNesting(IommuDomain domain)
    {
        var own = Own(domain);
        if (own.Type != DomainType.Unmanaged)
            return Errno.EINVAL;
        if (own.Owner != null)
            return Errno.EPERM;
        own.Stage = ArmSmmuStage.Nested;
        return Errno.None;
    }

    /// <inheritdoc/>
    /// <remarks>arm_smmu_domain_free (:862): the context bank is turned off, which makes it pass what is still sent to it, then the tables are freed. S2CRs are left.</remarks>
    public IEnumerable<DriverStep> FreeDomain(IommuDomain domain)
    {
        var own = Own(domain);
        if (own.IsLive)
        {
            _state.Banks[own.Bank] = null;
            foreach (var step in ContextBankWriter.Write(_state, own.Bank))
                yield return step;
            _state.Handlers.Remove(own);
            foreach (var step in Invalidations.Everything(_state, own))
                yield return step;
        }

        _state.Release(own);
    }

    /// <inheritdoc/>
    /// <remarks>Takes a context bank. Errors: ENOSPC, no bank is left; EINVAL, no known table format; ENOMEM, the format refuses the widths.</remarks>
    public void Finalise(IommuDomain domain, DmaDevice device)
    {
        ArgumentNullException.ThrowIfNull(device);
        var own = Own(domain);
        if (own.IsPaging && own.Owner == null && _state.Finalise(own) is var error && error != Errno.None)
            throw new DriverException(error, $"a {own.Type} domain cannot be made for {device.Name}");
    }

    /// <inheritdoc/>
    /// <remarks>arm_smmu_attach_dev (:1113); 6.12 :1184, :1225, :1240. The first attach writes the domain's context bank. What the device was attached to before is
    /// not left: its context bank stays on. Result: -ENODEV for a device without stream entries, -EINVAL for a domain of another SMMU, -ENOSPC without a context bank.</remarks>
    public IEnumerable<DriverStep> Attach(IommuDomain domain, DmaDevice device)
    {
        ArgumentNullException.ThrowIfNull(device);
        var own = Own(domain);
        if (!_state.Masters.TryGetValue(device.Name, out var master))
            return [DriverStep.Fail(Errno.ENODEV)];
        var steps = own.Type switch
        {
            DomainType.Identity => _state.Streams.Install(master, StreamType.Bypass, 0),
            DomainType.Blocked => _state.Streams.Install(master, StreamType.Fault, 0),
            _ => AttachPaging(own, master),
        };
        return DriverSequence.InTurn([Enter(master), steps]);
    }

    /// <inheritdoc/>
    /// <remarks>
    /// 6.1's driver has no detach_dev; the nearest thing is what arm_smmu_release_device (:1441) does to the device's stream entries: S2CR back to its first value, SMR
    /// invalid. The next attach enters the streams again, as the device's next probe would. On a kernel without default domains the core finds neither a
    /// domain nor an operation, warns (drivers/iommu/iommu.c:2153) and nothing is written. 6.12: the core attaches the blocked domain.
    /// </remarks>
    public IEnumerable<DriverStep> Detach(IommuDomain domain, DmaDevice device)
    {
        ArgumentNullException.ThrowIfNull(device);
        if (Kernel != KernelVersion.Linux61)
            return Block(device);
        return _state.Options.HasDefaultDomains ? _state.Streams.Leave(_state.Find(device)) : [];
    }

    /// <inheritdoc/>
    public IEnumerable<DriverStep> Block(DmaDevice device) => HasNativeBlocking
        ? Attach(AllocateDomain(DomainType.Blocked), device)
        : throw new DriverException(Errno.EOPNOTSUPP, "6.1's SMMU driver has no blocked domain");

    /// <inheritdoc/>
    /// <remarks>There is no iotlb_sync_map: only what the page-table code itself asked for, a walk over tables that a block replaced.</remarks>
    public IEnumerable<DriverStep> SyncMap(IommuDomain domain, Iova iova, ulong size, InvalidationGather gather) => Sync(Own(domain), gather, wait: false);

    /// <inheritdoc/>
    public IEnumerable<DriverStep> Sync(IommuDomain domain, InvalidationGather gather) => Sync(Own(domain), gather, wait: true);

    /// <summary>What one request of the page-table code comes to, without the wait at the end of an unmap: the kernel writes it inside the page-table call.</summary>
    public IEnumerable<DriverStep> Invalidate(IommuDomain domain, Invalidation request)
    {
        var own = Own(domain);
        return own.Lpae == null ? [] : Invalidations.Perform(_state, own, request);
    }

    /// <inheritdoc/>
    public IEnumerable<DriverStep> FlushAll(IommuDomain domain)
    {
        var own = Own(domain);
        return own.Lpae == null ? [] : Invalidations.Everything(_state, own);
    }

    /// <summary>Where an address lands (iova_to_phys, :1312). Result: the address, or 0. A stage-1 domain asks the SMMU where that can answer; the kernel keeps bits 39:12
    /// of the answer only (:1293), and looks into the tables itself when none comes.</summary>
    public IEnumerable<DriverStep> LookUp(IommuDomain domain, Iova iova)
    {
        var own = Own(domain);
        if (own.Lpae == null)
        {
            yield return DriverStep.Return(0);
            yield break;
        }

        if (own.Stage == ArmSmmuStage.Stage1 && _state.Features.AddressTranslation)
        {
            var bank = _state.Features.Layout.Bank(own.Bank);
            var page = iova.Value & ~0xfffUL;
            yield return own.Is64Bit ? DriverStep.Write(bank + R.TranslateAddress, page, 8) : DriverStep.Write(bank + R.TranslateAddress, (uint)page);
            var active = true;
            for (var reads = 0; active && reads < TranslateReads; reads++)
            {
                var status = DriverStep.Read(bank + R.TranslateStatus);
                yield return status;
                active = status.Value.Bit(0);
            }

            if (!active)
            {
                var answer = DriverStep.Read(bank + R.PhysicalAddress, 8);
                yield return answer;
                yield return DriverStep.Return(answer.Value.Bit(0) ? 0 : (long)(answer.Value.InPlace(39, 12) | (iova.Value & 0xfff)));
                yield break;
            }
        }

        yield return DriverStep.Return((long)(own.Lpae.Lookup(iova.Value) ?? 0));
    }

    /// <inheritdoc/>
    /// <remarks>The global handler and those of all domains in turn. Result: 1 when one had something to handle, else 0.</remarks>
    public IEnumerable<DriverStep> HandleInterrupt() => _faults.HandleAll();

    /// <summary>Wake-up after system or runtime sleep (:2239): everything is written anew from what the driver remembers. Going to sleep only stops the clocks.</summary>
    public IEnumerable<DriverStep> Resume() => _bringUp.Reset();

    /// <summary>The machine goes down (:2217): the SMMU is turned off, and everything passes.</summary>
    public IEnumerable<DriverStep> Shutdown() => BringUp.Shutdown();

    private static ArmSmmuDomain Own(IommuDomain domain) =>
        domain as ArmSmmuDomain ?? throw new DriverException(Errno.EINVAL, "the domain is not an SMMU's");

    // Nothing for a device whose streams are entered already.
    private IEnumerable<DriverStep> Enter(Master master)
    {
        foreach (var step in master.Entries.Count > 0 ? [] : _state.Streams.Enter(master, _state.Options.StreamMatchMask))
            yield return step;
    }

    private IEnumerable<DriverStep> AttachPaging(ArmSmmuDomain domain, Master master)
    {
        var error = domain.Owner == null ? _state.Finalise(domain) : domain.Owner == _state ? Errno.None : Errno.EINVAL;
        if (error != Errno.None)
        {
            yield return DriverStep.Fail(error);
            yield break;
        }

        if (!domain.IsLive)
        {
            _state.Banks[domain.Bank] = domain;
            foreach (var step in ContextBankWriter.Write(_state, domain.Bank))
                yield return step;
            domain.IsLive = true;
            _state.Handlers.Add(domain);
        }

        foreach (var step in _state.Streams.Install(master, StreamType.Translate, domain.Bank))
            yield return step;
    }

    private IEnumerable<DriverStep> Sync(ArmSmmuDomain domain, InvalidationGather gather, bool wait)
    {
        ArgumentNullException.ThrowIfNull(gather);
        if (domain.Lpae == null)
            yield break;
        foreach (var step in gather.Requests.SelectMany(request => Invalidations.Perform(_state, domain, request)))
            yield return step;
        foreach (var step in wait ? Invalidations.Sync(_state, domain) : [])
            yield return step;
        foreach (var (address, bytes) in gather.FreedTables)
            domain.Lpae.Release(address, bytes);
    }
}
