using Emulator.Hardware.Dma;
using Emulator.Hardware.Drivers;
using Emulator.Hardware.Memory;
using Emulator.Hardware.PageTables;
using Emulator.Hardware.PageTables.Amd;

namespace Emulator.Hardware.Iommus.AmdVi;

/// <summary>Linux's AMD-Vi driver over one IOMMU instance. A device's further stream bindings are its DMA aliases: they get the same device table entry.</summary>
/// <remarks>Source: Linux 6.1 and 6.12 drivers/iommu/amd/iommu.c and init.c. Page requests and PASID domains are not modelled.</remarks>
public sealed class AmdViDriver : IIommuDriver
{
    private readonly PhysicalMemory _memory;
    private readonly IFrameAllocator _frames;
    private readonly AmdViDriverOptions _options;
    private readonly AmdViDeviceTable _table;
    private readonly AmdViCommandQueue _queue;
    private readonly AmdViInvalidation _flush;
    private readonly AmdViBoot _boot;
    private readonly AmdViInterruptHandler _interrupt;
    private readonly AmdViDomainIds _domainIds = new();
    private readonly Dictionary<ushort, AmdViDeviceData> _devices = [];
    private AmdViFeatures _features;

    /// <summary>Makes the driver and takes the memory for its completion semaphore, device table, command buffer and event log.</summary>
    public AmdViDriver(PhysicalMemory memory, IFrameAllocator frames, KernelVersion kernel, AmdViDriverOptions options)
    {
        ArgumentNullException.ThrowIfNull(memory);
        ArgumentNullException.ThrowIfNull(frames);
        ArgumentNullException.ThrowIfNull(options);
        (_memory, _frames, Kernel, _options, _features) = (memory, frames, kernel, options, options.Features);
        _queue = new AmdViCommandQueue(frames, options.PollLimit);
        _table = new AmdViDeviceTable(memory, frames, kernel, options);
        var eventLog = frames.Allocate(AmdViRegisters.RingSize(AmdViRegisters.RingOf512));
        _flush = new AmdViInvalidation(_queue, kernel, options.NonPresentCache);
        _boot = new AmdViBoot(_table, _queue, eventLog, kernel, options);
        _interrupt = new AmdViInterruptHandler(eventLog, kernel);
    }

    /// <inheritdoc/>
    public KernelVersion Kernel { get; }

    /// <inheritdoc/>
    public bool HasNativeBlocking => Kernel != KernelVersion.Linux61;

    /// <inheritdoc/>
    public bool DefersFlushes => true;

    /// <summary>Address of the device table.</summary>
    public ulong DeviceTable => _table.Address;

    /// <summary>Commands and completions that never came through: the kernel logs an error and goes on.</summary>
    public int Timeouts => _queue.Timeouts;

    /// <inheritdoc/>
    public IEnumerable<DriverStep> Probe()
    {
        var features = DriverStep.Read(AmdViRegisters.ExtendedFeatures, 8);
        yield return features;
        _features = new AmdViFeatures(features.Value);
        foreach (var step in _boot.Run(_features))
            yield return step;
    }

    /// <summary>Only the part of <see cref="Probe"/> that makes every device table entry block (init_device_table_dma).</summary>
    public IEnumerable<DriverStep> InitialiseDeviceTable() => _table.Initialise();

    /// <summary>Sets a bit of a device table entry, counted over the whole entry, as the IVRS asks for it (set_dev_entry_from_acpi): with erratum 63.</summary>
    public IEnumerable<DriverStep> SetDeviceTableBit(StreamId device, int bit) => _table.SetFirmwareBit((ushort)device.Value, bit);

    /// <inheritdoc/>
    public IEnumerable<DriverStep> ProbeDevice(DmaDevice device)
    {
        ArgumentNullException.ThrowIfNull(device);
        if (IsBeyondTable(device))
        {
            yield return DriverStep.Fail(Errno.ENODEV);
            yield break;
        }

        foreach (var step in _table.CloneAliases(DataOf(device)))
            yield return step;
    }

    /// <inheritdoc/>
    public IEnumerable<DriverStep> ReleaseDevice(DmaDevice device)
    {
        ArgumentNullException.ThrowIfNull(device);
        var data = DataOf(device);
        foreach (var step in Leave(data))
            yield return step;
        _devices.Remove(data.DeviceId);
    }

    /// <inheritdoc/>
    public IommuDomain AllocateDomain(DomainType type)
    {
        switch (type)
        {
            case DomainType.Blocked when HasNativeBlocking:
                return new AmdViDomain(type, 0);
            case DomainType.Identity when !_options.Snp:
                return new AmdViDomain(type, _domainIds.Allocate());
            case DomainType.Unmanaged:
            case DomainType.Dma or DomainType.DmaFlushQueue when !_options.GuestPageTables:
                return new AmdViDomain(type, _domainIds.Allocate(), new AmdV1PageTable(_memory, _frames, Kernel));
            case DomainType.Dma or DomainType.DmaFlushQueue:
                return AllocateGuestDomain(type);
            default:
                throw new DriverException(Errno.EINVAL, $"{Kernel}'s amd driver{(_options.Snp ? " under SNP" : "")} has no domain of type {type}");
        }
    }

    /// <inheritdoc/>
    public IEnumerable<DriverStep> FreeDomain(IommuDomain domain)
    {
        var freed = (AmdViDomain)domain;
        if (freed.Devices.Count > 0 && Kernel != KernelVersion.Linux61)
            throw new DriverException(Errno.EBUSY, $"domain {freed.Id} still has {freed.Devices.Count} devices");

        // cleanup_domain
        while (freed.Devices.Count > 0)
        {
            foreach (var step in Leave(freed.Devices[0]))
                yield return step;
        }

        freed.PageTable?.Free();
        if (freed.Gcr3Table is { } table)
            _frames.Free(table, PhysicalMemory.FrameSize);
        _domainIds.Free(freed.Id);
    }

    /// <inheritdoc/>
    public void Finalise(IommuDomain domain, DmaDevice device)
    {
        // Domains have their page table from their allocation on.
    }

    /// <inheritdoc/>
    public IEnumerable<DriverStep> Attach(IommuDomain domain, DmaDevice device)
    {
        ArgumentNullException.ThrowIfNull(domain);
        ArgumentNullException.ThrowIfNull(device);
        if (domain.Type == DomainType.Blocked)
            return Block(device);
        var data = DataOf(device);
        return Kernel == KernelVersion.Linux61 ? Attach61(data, (AmdViDomain)domain) : Attach612(data, (AmdViDomain)domain);
    }

    /// <inheritdoc/>
    public IEnumerable<DriverStep> Detach(IommuDomain domain, DmaDevice device)
    {
        ArgumentNullException.ThrowIfNull(device);
        return Leave(DataOf(device));
    }

    /// <inheritdoc/>
    public IEnumerable<DriverStep> Block(DmaDevice device)
    {
        ArgumentNullException.ThrowIfNull(device);
        if (!HasNativeBlocking)
            throw new DriverException(Errno.EOPNOTSUPP, "Linux 6.1's amd driver has no blocking domain");
        var data = DataOf(device);
        return Leave(data).Concat(UpdateEntry(data, _table.Clear(data.DeviceId)));
    }

    /// <summary>The PCI core switched the device's ATS on or off.</summary>
    public void SetAts(DmaDevice device, bool enabled) => DataOf(device).AtsEnabled = enabled;

    /// <summary>Rewrites and flushes the device table entries of a domain's devices (amd_iommu_update_and_flush_device_table): the page table's top moved.</summary>
    public IEnumerable<DriverStep> UpdateDeviceTable(IommuDomain domain)
    {
        var devices = ((AmdViDomain)domain).Devices;
        foreach (var data in devices)
        {
            foreach (var step in SetEntry(data, (AmdViDomain)domain).Concat(_table.CloneAliases(data)))
                yield return step;
        }

        foreach (var step in devices.SelectMany(_flush.Device))
            yield return step;
    }

    /// <inheritdoc/>
    public IEnumerable<DriverStep> SyncMap(IommuDomain domain, Iova iova, ulong size, InvalidationGather gather)
    {
        ArgumentNullException.ThrowIfNull(gather);
        foreach (var step in FollowMap((AmdViDomain)domain, gather))
            yield return step;
        Release(domain, gather);
        if (!_options.NonPresentCache)
            yield break;
        foreach (var step in _flush.RangeAndWait((AmdViDomain)domain, iova.Value, size))
            yield return step;
    }

    /// <inheritdoc/>
    public IEnumerable<DriverStep> Sync(IommuDomain domain, InvalidationGather gather)
    {
        ArgumentNullException.ThrowIfNull(gather);
        var synced = (AmdViDomain)domain;
        var mapped = gather.Requests.Count > 0;
        foreach (var step in FollowMap(synced, gather))
            yield return step;
        if (_options.NonPresentCache)
        {
            // Ranges apart from each other are synced one by one.
            foreach (var request in gather.Requests.Where(request => request.Kind == InvalidationKind.Page))
            {
                foreach (var step in _flush.RangeAndWait(synced, request.Iova, request.Size))
                    yield return step;
            }
        }
        else if (gather.End >= gather.Start || !mapped)
        {
            // Of an empty gather (start all ones, end 0) the kernel's arithmetic makes a flush of everything.
            foreach (var step in _flush.RangeAndWait(synced, gather.Start, gather.End - gather.Start + 1))
                yield return step;
        }

        Release(domain, gather);
    }

    /// <inheritdoc/>
    public IEnumerable<DriverStep> FlushAll(IommuDomain domain) => _flush.AllAndWait((AmdViDomain)domain);

    /// <inheritdoc/>
    public IEnumerable<DriverStep> HandleInterrupt() => _interrupt.Run();

    private static void Release(IommuDomain domain, InvalidationGather gather)
    {
        foreach (var (address, bytes) in gather.FreedTables)
            domain.PageTable?.Release(address, bytes);
        gather.Clear();
    }

    private AmdViDomain AllocateGuestDomain(DomainType type)
    {
        var table = new AmdV2PageTable(_memory, _frames, Kernel, _options.GuestLevels);
        ulong? gcr3 = null;
        if (Kernel == KernelVersion.Linux61)
        {
            gcr3 = _frames.Allocate(PhysicalMemory.FrameSize);
            _memory.Write64(gcr3.Value, table.Root | 1);
        }

        return new AmdViDomain(type, _domainIds.Allocate(), table, gcr3);
    }

    private bool IsBeyondTable(DmaDevice device) => device.Streams.Any(binding => binding.Stream.Value > _options.LastDeviceId);

    private AmdViDeviceData DataOf(DmaDevice device)
    {
        if (IsBeyondTable(device))
            throw new DriverException(Errno.ENODEV, $"device {device.Name} has a device ID beyond 0x{_options.LastDeviceId:x}, the last one of the device table");
        var id = (ushort)device.Stream.Value;
        if (!_devices.TryGetValue(id, out var data))
            _devices[id] = data = new AmdViDeviceData(device);
        data.Device = device;
        return data;
    }

    // amd_iommu_attach_device (6.1:2204), attach_device, do_attach
    private IEnumerable<DriverStep> Attach61(AmdViDeviceData data, AmdViDomain domain)
    {
        foreach (var step in Leave(data))
            yield return step;
        data.AtsEnabled = _options.Ats && data.Device.AtsSupported;
        data.Domain = domain;
        domain.Devices.Insert(0, data);
        domain.References++;
        foreach (var step in SetEntry(data, domain).Concat(_table.CloneAliases(data)).Concat(_flush.Device(data)).Concat(_flush.AllAndWait(domain)))
            yield return step;
    }

    // 6.12: reference, GCR3 table, capabilities, list, device table entry
    private IEnumerable<DriverStep> Attach612(AmdViDeviceData data, AmdViDomain domain)
    {
        if (data.Domain == domain)
            yield break;
        foreach (var step in Leave(data))
            yield return step;
        domain.References++;
        if (domain.IsGuest || (domain.Type == DomainType.Identity && data.Device.PasidBits > 0 && _features.GuestTranslation))
            data.Gcr3 = new AmdViGcr3Table(_memory, _frames, _domainIds.Allocate(), data.Device.PasidBits);
        if (data.Gcr3 is { } gcr3 && domain.PageTable is AmdV2PageTable table)
        {
            foreach (var step in UpdateGcr3(data, gcr3, table.Root | 1))
                yield return step;
        }

        data.AtsEnabled = _options.Ats && data.Device.AtsSupported;
        data.Domain = domain;
        domain.Devices.Insert(0, data);
        foreach (var step in UpdateEntry(data, SetEntry(data, domain)))
            yield return step;
    }

    // detach_device; does nothing for a device that is not attached.
    private IEnumerable<DriverStep> Leave(AmdViDeviceData data) =>
        data.Domain is not { } domain ? [] : Kernel == KernelVersion.Linux61 ? Leave61(data, domain) : Leave612(data, domain);

    // 6.1:1699, do_detach: the device has left the domain's list when the domain is flushed.
    private IEnumerable<DriverStep> Leave61(AmdViDeviceData data, AmdViDomain domain)
    {
        data.Domain = null;
        domain.Devices.Remove(data);
        foreach (var step in _table.Clear(data.DeviceId).Concat(_table.CloneAliases(data)).Concat(_flush.Device(data)).Concat(_flush.AllAndWait(domain)))
            yield return step;
        domain.References--;
        data.AtsEnabled = false;
    }

    // 6.12: capabilities off, entry cleared, domain flushed, GCR3 table freed
    private IEnumerable<DriverStep> Leave612(AmdViDeviceData data, AmdViDomain domain)
    {
        data.AtsEnabled = false;
        foreach (var step in UpdateEntry(data, _table.Clear(data.DeviceId)).Concat(_flush.AllAndWait(domain)))
            yield return step;
        if (data.Gcr3 is { } gcr3)
        {
            if (domain.IsGuest)
            {
                foreach (var step in UpdateGcr3(data, gcr3, 0))
                    yield return step;
            }

            gcr3.Free();
            _domainIds.Free(gcr3.DomainId);
            data.Gcr3 = null;
        }

        data.Domain = null;
        domain.Devices.Remove(data);
        domain.References--;
    }

    // set_dte_entry: pages of the DomainID that the entry held before are flushed.
    private IEnumerable<DriverStep> SetEntry(AmdViDeviceData data, AmdViDomain domain)
    {
        var old = _table.DomainOf(data.DeviceId);
        foreach (var step in _table.Set(data, domain, _features))
            yield return step;
        if (old == 0)
            yield break;
        foreach (var step in _flush.DomainId(old))
            yield return step;
    }

    // 6.12 dev_update_dte
    private IEnumerable<DriverStep> UpdateEntry(AmdViDeviceData data, IEnumerable<DriverStep> change) =>
        change.Concat(_table.CloneAliases(data)).Concat(_flush.Device(data)).Concat(_queue.CompletionWait());

    private IEnumerable<DriverStep> UpdateGcr3(AmdViDeviceData data, AmdViGcr3Table gcr3, ulong entry)
    {
        yield return DriverStep.Store(gcr3.EntryOfPasid0(), entry, "GCR3 entry of PASID 0");
        foreach (var step in _flush.DevicePasid(data, gcr3.DomainId))
            yield return step;
    }

    // What a map call did inside the page-table code: the top moved, or live entries were replaced.
    private IEnumerable<DriverStep> FollowMap(AmdViDomain domain, InvalidationGather gather)
    {
        foreach (var request in gather.Requests)
        {
            foreach (var step in request.Kind switch
            {
                InvalidationKind.Root => UpdateDeviceTable(domain).Concat(_flush.Complete(domain)),
                InvalidationKind.All when domain.IsGuest => _flush.Pasid(domain, null),
                InvalidationKind.All => _flush.AllAndWait(domain),
                InvalidationKind.Walk when domain.IsGuest && Kernel == KernelVersion.Linux61 => _flush.Pasid(domain, request.Iova),
                InvalidationKind.Walk => _flush.RangeAndWait(domain, request.Iova, request.Size),
                _ => [],
            })
            {
                yield return step;
            }
        }
    }
}
