using Emulator.Hardware.Dma;
using Emulator.Hardware.Drivers;
using Emulator.Hardware.Memory;
using Emulator.Hardware.PageTables;

namespace Emulator.Hardware.Iommus.S390;

/// <summary>Linux's driver of zPCI translation, of 6.1 and of 6.12. In 6.1 a function that no domain has belongs to the platform's DMA API.</summary>
/// <remarks>Source: drivers/iommu/s390-iommu.c; line numbers are of 6.1.192 unless they are marked 6.12 (6.12.117).</remarks>
public sealed class S390Driver : IIommuDriver
{
    private const int ProcessCpu = 0;
    private const int EventCpu = 1;

    private readonly PhysicalMemory _memory;
    private readonly IFrameAllocator _frames;
    private readonly S390DriverOptions _options;
    private readonly S390Instructions _instructions;
    private readonly S390DmaApi _dmaApi;
    private readonly S390Recovery _recovery;
    private readonly S390Paging _paging;
    private readonly Dictionary<uint, S390Device> _devices = [];

    /// <summary>Makes the driver.</summary>
    /// <param name="kernel">Whose behaviour.</param>
    /// <param name="memory">The memory that tables are written to.</param>
    /// <param name="frames">Where tables come from.</param>
    /// <param name="options">What varies.</param>
    public S390Driver(KernelVersion kernel, PhysicalMemory memory, IFrameAllocator frames, S390DriverOptions? options = null)
    {
        ArgumentNullException.ThrowIfNull(memory);
        ArgumentNullException.ThrowIfNull(frames);
        (Kernel, _memory, _frames) = (kernel, memory, frames);
        _options = options ?? new S390DriverOptions();
        _instructions = new S390Instructions(ProcessCpu, kernel);
        _dmaApi = new S390DmaApi(_options, memory, frames, _instructions);
        _paging = new S390Paging(_instructions);
        var eventInstructions = new S390Instructions(EventCpu, kernel);
        var eventDmaApi = new S390DmaApi(_options, memory, frames, eventInstructions);
        _recovery = new S390Recovery(kernel, _options, eventInstructions, eventDmaApi.Initialise);
    }

    /// <inheritdoc/>
    public KernelVersion Kernel { get; }

    /// <inheritdoc/>
    public bool HasNativeBlocking => Kernel == KernelVersion.Linux612;

    /// <inheritdoc/>
    public bool DefersFlushes => Kernel == KernelVersion.Linux612;

    /// <inheritdoc/>
    public IEnumerable<DriverStep> Probe() => [];

    /// <inheritdoc/>
    /// <remarks>The function is enabled; 6.1 then gives it to the DMA API, 6.12 leaves it blocked. Result: 0; -ENODEV when there is no such function; -EINVAL, 6.12 (:520), for a window that
    /// the tables cannot translate.</remarks>
    public IEnumerable<DriverStep> ProbeDevice(DmaDevice device) => DriverSequence.InTurn(
        [EnableFunction(device), Kernel == KernelVersion.Linux61 ? InitialiseDmaApi(device) : CheckWindow(device)]);

    /// <summary>A function is found and enabled (CLP query and set). Result: 0, or -ENODEV.</summary>
    public IEnumerable<DriverStep> EnableFunction(DmaDevice device)
    {
        ArgumentNullException.ThrowIfNull(device);
        var found = new S390Device(device.Stream.Value);
        var outcome = new S390InstructionOutcome();
        foreach (var step in _instructions.Query(found, outcome))
            yield return step;
        if (!outcome.Failed)
        {
            foreach (var step in _instructions.Call(found, S390Registers.ClpEnable, outcome))
                yield return step;
        }

        if (outcome.Failed)
            yield return DriverStep.Fail(Errno.ENODEV);
        else
            _devices[found.Id] = found;
    }

    /// <summary>6.1: a function gets tables of the DMA API (zpci_dma_init_device). Result: 0, -ENOMEM or -EIO.</summary>
    public IEnumerable<DriverStep> InitialiseDmaApi(DmaDevice device)
    {
        foreach (var step in _dmaApi.Initialise(Own(device)))
            yield return step;
    }

    /// <summary>A guest takes the function: its designation goes into every FIB, and 6.12 leaves its errors to the guest (kvm_s390_pci_register_kvm).</summary>
    public void GiveToGuest(DmaDevice device, uint designation)
    {
        var own = Own(device);
        (own.GuestDesignation, own.IsGuestOwned) = (designation, true);
    }

    /// <inheritdoc/>
    /// <remarks>6.1 (:193): only what a domain registered is deregistered. 6.12: the release domain is the blocking one.</remarks>
    public IEnumerable<DriverStep> ReleaseDevice(DmaDevice device) => Leave(Own(device));

    /// <inheritdoc/>
    public IommuDomain AllocateDomain(DomainType type)
    {
        var later = Kernel == KernelVersion.Linux612;
        switch (type)
        {
            case DomainType.Blocked when later:
                return new S390Domain(type, null);
            case DomainType.Unmanaged:
            case DomainType.Dma or DomainType.DmaFlushQueue when later:
                // 6.1 leaves the geometry empty until the first attach.
                var aperture = later ? DomainGeometry.OfBits(S390Format.InputBits) : default;
                return new S390Domain(type, new S390PageTable(Kernel, _memory, _frames) { Aperture = aperture });
            default:
                throw new DriverException(Errno.EINVAL, $"the zPCI driver of {Kernel} has no domain of type {type}");
        }
    }

    /// <inheritdoc/>
    /// <remarks>The tables go whether or not a function is still registered with them.</remarks>
    public IEnumerable<DriverStep> FreeDomain(IommuDomain domain)
    {
        Own(domain).Free();
        return [];
    }

    /// <inheritdoc/>
    /// <remarks>The tables are there since the allocation. 6.1: the first device's window becomes the domain's, as at its attach (:112); 6.12: what lies outside it is reserved (:496).</remarks>
    public void Finalise(IommuDomain domain, DmaDevice device)
    {
        var own = Own(domain);
        if (!own.IsPaging || own.Devices.Count > 0)
            return;
        if (Kernel == KernelVersion.Linux61)
            own.SetAperture(Own(device));
        else
            own.Limit(Own(device));
    }

    /// <inheritdoc/>
    /// <remarks>What was registered before is deregistered first: whatever fails after that, the function is blocked. Result: 0; -EIO when MPCIFC fails; -EINVAL for a window that does not fit the
    /// domain. 6.12 takes a function that is gone or unavailable for attached (:463).</remarks>
    public IEnumerable<DriverStep> Attach(IommuDomain domain, DmaDevice device)
    {
        var own = Own(domain);
        if (own.Type == DomainType.Blocked)
            return Leave(Own(device));
        return Kernel == KernelVersion.Linux61 ? Attach61(own, Own(device)) : Attach612(own, Own(device));
    }

    /// <inheritdoc/>
    /// <remarks>6.1 (:170): back to the DMA API, with new and empty tables; an error of that is dropped. 6.12: the core attaches the blocking domain.</remarks>
    public IEnumerable<DriverStep> Detach(IommuDomain domain, DmaDevice device)
    {
        var own = Own(device);
        foreach (var step in Leave(own))
            yield return step;
        if (Kernel != KernelVersion.Linux61)
            yield break;
        foreach (var step in _dmaApi.Initialise(own).Where(step => step.Kind != DriverStepKind.Return))
            yield return step;
    }

    /// <inheritdoc/>
    public IEnumerable<DriverStep> Block(DmaDevice device) =>
        HasNativeBlocking ? Leave(Own(device)) : throw new DriverException(Errno.EOPNOTSUPP, "the zPCI driver of Linux 6.1 has no blocking domain");

    /// <inheritdoc/>
    public IEnumerable<DriverStep> Map(IommuDomain domain, ulong iova, ulong physical, ulong size, Protection protection) => Own(domain).Table == null
        ? [DriverStep.Fail(Errno.EINVAL)]
        : Kernel == KernelVersion.Linux61
        ? _paging.MapRuns(Own(domain), iova, physical, size, protection)
        : _paging.MapAndSync(Own(domain), iova, physical, size, protection);

    /// <inheritdoc/>
    public IEnumerable<DriverStep> Unmap(IommuDomain domain, ulong iova, ulong size) =>
        Kernel == KernelVersion.Linux61 ? _paging.UnmapRuns(Own(domain), iova, size) : DomainMapping.Unmap(this, domain, iova, size);

    /// <summary>6.1: the driver's own map of one page of any power of two (s390_iommu_map, :263). Result: 0, -EINVAL, -ENOMEM or -EIO.</summary>
    public IEnumerable<DriverStep> MapRun(IommuDomain domain, ulong iova, ulong physical, ulong size, Protection protection) =>
        _paging.MapRun(Own(domain), iova, physical, size, protection);

    /// <summary>6.1: the driver's own unmap of one page (s390_iommu_unmap, :312). Result: bytes unmapped; 0 after an error.</summary>
    public IEnumerable<DriverStep> UnmapRun(IommuDomain domain, ulong iova, ulong size) => _paging.UnmapRun(Own(domain), iova, size);

    /// <inheritdoc/>
    /// <remarks>6.12 (:585): functions behind a hypervisor that shadows the tables. 6.1 has no such operation: it refreshes in its map, for every function, which is done here for callers
    /// that write the tables themselves.</remarks>
    public IEnumerable<DriverStep> SyncMap(IommuDomain domain, Iova iova, ulong size, InvalidationGather gather) => Kernel == KernelVersion.Linux61
        ? _paging.RefreshAll(Own(domain), iova.Value, size)
        : _paging.SyncMap(Own(domain), iova.Value, size);

    /// <inheritdoc/>
    /// <remarks>6.12 (:565). 6.1: as with <see cref="SyncMap"/>.</remarks>
    public IEnumerable<DriverStep> Sync(IommuDomain domain, InvalidationGather gather)
    {
        ArgumentNullException.ThrowIfNull(gather);
        if (gather.Requests.Count == 0)
            return [];
        return Kernel == KernelVersion.Linux612
            ? _paging.RefreshAll(Own(domain), gather.Start, gather.End - gather.Start + 1, stopAtError: false)
            : DriverSequence.InTurn(gather.Requests.Select(request => _paging.RefreshAll(Own(domain), request.Iova, request.Size)));
    }

    /// <inheritdoc/>
    /// <remarks>6.12: the whole window of every function. 6.1 has no such operation.</remarks>
    public IEnumerable<DriverStep> FlushAll(IommuDomain domain) => Kernel == KernelVersion.Linux612 ? _paging.RefreshWindows(Own(domain)) : [];

    /// <inheritdoc/>
    /// <remarks>Takes one error event; the next one interrupts again. Result: 1 when there was one, else 0.</remarks>
    public IEnumerable<DriverStep> HandleInterrupt() => _recovery.HandleEvent(_devices.GetValueOrDefault);

    /// <summary>Resets a function by disabling it (zpci_hot_reset_device): the way out of the error state for one that user space drives.
    /// Result: 0, or -EIO with the function disabled.</summary>
    public IEnumerable<DriverStep> ResetFunction(DmaDevice device) => _recovery.Reset(Own(device));

    /// <summary>6.1: maps a buffer for a function that the DMA API has. Result: the IOVA, or -1.</summary>
    public IEnumerable<DriverStep> MapDma(DmaDevice device, ulong physical, ulong bytes, S390DmaDirection direction) => _dmaApi.Map(Own(device), physical, bytes, direction);

    /// <summary>6.1: unmaps a buffer of the DMA API.</summary>
    public IEnumerable<DriverStep> UnmapDma(DmaDevice device, ulong iova, ulong bytes) => _dmaApi.Unmap(Own(device), iova, bytes);

    // The usable part of a function's window (6.1 pci_dma.c:573; 6.12 zpci_init_iommu).
    internal static void CutWindow(S390Device device, ulong aperture)
    {
        device.Start = (device.Start + S390Format.PageSize - 1) & ~(S390Format.PageSize - 1);
        device.End = device.Start + Math.Min(aperture, Math.Min((1UL << S390Format.InputBits) - device.Start, device.Length)) - 1;
    }

    private static S390Domain Own(IommuDomain domain) => domain as S390Domain ?? throw new ArgumentException("not a domain of the zPCI driver", nameof(domain));

    private S390Device Own(DmaDevice device)
    {
        ArgumentNullException.ThrowIfNull(device);
        return _devices.TryGetValue(device.Stream.Value, out var own) ? own : throw new DriverException(Errno.ENODEV, $"{device.Name} was not probed");
    }

    private IEnumerable<DriverStep> CheckWindow(DmaDevice device)
    {
        var own = Own(device);
        if (own.Start > own.End || own.Start >> S390Format.InputBits != 0)
            yield return DriverStep.Fail(Errno.EINVAL);
        else
            CutWindow(own, _options.Aperture);
    }

    // __s390_iommu_detach_device (:83); 6.12 blocking_domain_attach_device (:441).
    private IEnumerable<DriverStep> Leave(S390Device device)
    {
        if (device.Domain is not { } domain)
            yield break;
        domain.Devices.Remove(device);
        foreach (var step in _instructions.DeregisterTranslation(device, new S390InstructionOutcome()))
            yield return step;
        (device.Domain, device.Tables) = (null, null);
    }

    private IEnumerable<DriverStep> Attach61(S390Domain domain, S390Device device)
    {
        if (device.Domain == null && device.Tables != null)
        {
            foreach (var step in _dmaApi.Exit(device).Where(step => step.Kind != DriverStepKind.Return))
                yield return step;
        }

        foreach (var step in Leave(device))
            yield return step;
        device.Tables = null;
        var outcome = new S390InstructionOutcome();
        foreach (var step in _instructions.RegisterTranslation(device, domain.Table!.Tables, outcome))
            yield return step;
        if (outcome.Failed)
        {
            yield return DriverStep.Fail(Errno.EIO);
            yield break;
        }

        if (domain.Devices.Count == 0)
        {
            domain.SetAperture(device);
        }
        else if (domain.Table.Aperture != new DomainGeometry(device.Start, device.End))
        {
            foreach (var step in _instructions.DeregisterTranslation(device, outcome))
                yield return step;
            yield return DriverStep.Fail(Errno.EINVAL);
            yield break;
        }

        Join(domain, device);
    }

    private IEnumerable<DriverStep> Attach612(S390Domain domain, S390Device device)
    {
        if (domain.Table!.Aperture.First > device.End || domain.Table.Aperture.Last < device.Start)
        {
            yield return DriverStep.Fail(Errno.EINVAL);
            yield break;
        }

        foreach (var step in Leave(device))
            yield return step;
        var outcome = new S390InstructionOutcome();
        foreach (var step in _instructions.RegisterTranslation(device, domain.Table.Tables, outcome))
            yield return step;
        if (outcome.ConditionCode is 1 or 2 && outcome.Status != S390Status.NotAvailable)
        {
            yield return DriverStep.Fail(Errno.EIO);
            yield break;
        }

        Join(domain, device);
    }

    private static void Join(S390Domain domain, S390Device device)
    {
        domain.Devices.Insert(0, device);
        (device.Domain, device.Tables) = (domain, domain.Table!.Tables);
    }
}
