using Emulator.Hardware.Dma;
using Emulator.Hardware.Drivers;
using Emulator.Hardware.Memory;
using Emulator.Hardware.PageTables;
using Emulator.Hardware.PageTables.Vtd;

namespace Emulator.Hardware.Iommus.IntelVtd;

/// <summary>Linux's VT-d driver, as of 6.1 (stable) and 6.12. All units are brought up together; a device belongs to the unit of its first stream, and its
/// further streams on that unit are DMA aliases.</summary>
/// <remarks>Source: Linux drivers/iommu/intel/iommu.c and pasid.c. Not modelled: SVA, nesting by iommufd, the draining of page requests.</remarks>
public sealed class IntelVtdDriver : IIommuDriver
{
    private readonly PhysicalMemory _memory;
    private readonly IFrameAllocator _frames;
    private readonly IntelVtdDriverOptions _options;
    private readonly VtdUnit[] _units;
    private readonly VtdInvalidator _invalidator;
    private readonly VtdUnitSetup _setup;
    private readonly VtdEntryWriter _entries;
    private readonly VtdDomainFlush _flush;
    private readonly Dictionary<DmaDevice, VtdAttachment> _devices = [];
    private readonly IntelVtdDomain _identity = new(DomainType.Identity);
    private readonly IntelVtdDomain _blocked = new(DomainType.Blocked);

    /// <summary>Makes the driver.</summary>
    /// <param name="memory">The memory that it shares with the silicon.</param>
    /// <param name="frames">Where tables and queues come from.</param>
    /// <param name="kernel">Whose sequences.</param>
    /// <param name="units">How many units there are, at least 1.</param>
    /// <param name="options">Firmware tables and kernel parameters.</param>
    public IntelVtdDriver(PhysicalMemory memory, IFrameAllocator frames, KernelVersion kernel, int units = 1, IntelVtdDriverOptions? options = null)
    {
        ArgumentOutOfRangeException.ThrowIfLessThan(units, 1);
        (_memory, _frames, Kernel) = (memory, frames, kernel);
        _options = options ?? new IntelVtdDriverOptions();
        _units = [.. Enumerable.Range(0, units).Select(index => new VtdUnit(index))];
        _invalidator = new VtdInvalidator(_options);
        _setup = new VtdUnitSetup(frames, _options, _invalidator);
        _entries = new VtdEntryWriter(memory, frames, kernel, _invalidator);
        _flush = new VtdDomainFlush(kernel, _units, _invalidator);
    }

    /// <inheritdoc/>
    public KernelVersion Kernel { get; }

    /// <inheritdoc/>
    public bool HasNativeBlocking => Kernel == KernelVersion.Linux612;

    /// <inheritdoc/>
    public bool DefersFlushes => true;

    /// <summary>The units as the driver knows them.</summary>
    public IReadOnlyList<VtdUnit> Units => _units;

    /// <summary>The identity domain passes through in hardware; otherwise it is a table (hw_pass_through).</summary>
    public bool PassesThrough { get; set; }

    private bool Is61 => Kernel == KernelVersion.Linux61;

    /// <inheritdoc/>
    public IEnumerable<DriverStep> Probe()
    {
        foreach (var step in _units.SelectMany(VtdUnitSetup.Discover))
            yield return step;
        PassesThrough = _units.All(unit => unit.ExtendedCapability.PassThrough);
        var scalable = _options.ScalableMode && _units.All(unit => unit.ExtendedCapability.ScalableMode);
        foreach (var unit in _units)
        {
            unit.Scalable = scalable;
            unit.ReserveDomainIds(reserveDefault: scalable || !Is61);
        }

        foreach (var step in _units.SelectMany(_setup.Prepare))
            yield return step;
        foreach (var step in _units.SelectMany(_setup.Enable))
            yield return step;
    }

    /// <inheritdoc/>
    public IEnumerable<DriverStep> ProbeDevice(DmaDevice device)
    {
        ArgumentNullException.ThrowIfNull(device);
        var unit = _units[device.Streams[0].Unit];
        var attachment = new VtdAttachment(device, unit);
        _devices.Add(device, attachment);
        if (!unit.Scalable)
            yield break;

        // intel_pasid_alloc_table: 8 bytes for 64 PASIDs, at least a page.
        var pasids = attachment.PasidSupported ? 1UL << Math.Min(device.PasidBits, 20) : 0;
        attachment.PasidDirectorySize = Math.Max(PhysicalMemory.FrameSize, pasids >> 3);
        attachment.PasidDirectory = _frames.Allocate(attachment.PasidDirectorySize);
        if (Is61)
            yield break;
        foreach (var step in attachment.Sources.SelectMany(source => SetScalableContext(attachment, source, flush: false)))
            yield return step;
    }

    /// <inheritdoc/>
    public IEnumerable<DriverStep> ReleaseDevice(DmaDevice device)
    {
        var attachment = Attachment(device);
        var sequence = Is61
            ? attachment.Domain != null ? Remove(attachment) : []
            : BlockTranslation(attachment).Concat(attachment.Unit.Scalable ? attachment.Sources.SelectMany(source => _entries.ReleaseContext(attachment, source)) : []);
        foreach (var step in sequence)
            yield return step;
        if (attachment.PasidTable != 0)
            _frames.Free(attachment.PasidTable, PhysicalMemory.FrameSize);
        if (attachment.PasidDirectory != 0)
            _frames.Free(attachment.PasidDirectory, attachment.PasidDirectorySize);
        _devices.Remove(device);
    }

    /// <inheritdoc/>
    public IommuDomain AllocateDomain(DomainType type) => type switch
    {
        DomainType.Unmanaged or DomainType.Dma or DomainType.DmaFlushQueue => new IntelVtdDomain(type),
        DomainType.Identity => _identity,
        DomainType.Blocked when !Is61 => _blocked,
        DomainType.Blocked => throw new DriverException(Errno.EOPNOTSUPP, "the 6.1 driver has no blocking domain"),
        _ => throw new DriverException(Errno.EINVAL, $"no such domain type: {type}"),
    };

    /// <inheritdoc/>
    public IEnumerable<DriverStep> FreeDomain(IommuDomain domain)
    {
        var own = Own(domain);
        if (own.Devices.Count > 0)
            throw new DriverException(Errno.EBUSY, $"{own.Devices.Count} devices are attached to the domain");
        if (own == _identity)
            return [];
        own.Table?.Free();
        own.Forget();
        return [];
    }

    /// <inheritdoc/>
    public void Finalise(IommuDomain domain, DmaDevice device)
    {
        var own = Own(domain);
        var needsTable = own.IsPaging || (own == _identity && Is61 && !PassesThrough);
        if (!needsTable || own.Table != null)
            return;
        var unit = Attachment(device).Unit;
        var firstLevel = own.IsPaging && UsesFirstLevel(own.Type, unit);
        var width = Math.Min(VtdEntry.Shift(unit.AddressWidth + 3), unit.Capability.MaxGuestWidth);
        var gigabytes = unit.Capability.FirstLevelGigabytePages ? 2 : 1;
        own.Use(new VtdPageTable(_memory, _frames, new VtdPageTableOptions
        {
            Kernel = Kernel,
            FirstLevel = firstLevel,
            Levels = unit.AddressWidth + 2,
            Width = width,
            Superpages = firstLevel ? gigabytes : unit.Capability.Superpages,
        }));
        if (own != _identity)
            return;
        foreach (var range in _options.IdentityRanges)
            DomainPaging.Map(own.Table!, range.Start, range.Start, range.Length, Protection.Read | Protection.Write, new InvalidationGather());
    }

    /// <inheritdoc/>
    public IEnumerable<DriverStep> Attach(IommuDomain domain, DmaDevice device)
    {
        var own = Own(domain);
        var attachment = Attachment(device);
        if (own == _blocked)
            return Block(device);
        if (own.Type == DomainType.Unmanaged && attachment.Sources.Any(source => _options.ReservedDevices.Contains(new StreamId(source))))
            return [DriverStep.Fail(Errno.EPERM)];
        if (!Is61)
            return AttachAfterBlock(own, attachment);
        return Leave61(attachment).Concat(PrepareAndAdd(own, attachment));
    }

    /// <summary>6.1's attach without the step that fits the page table to the unit (prepare_domain_attach_device).</summary>
    public IEnumerable<DriverStep> AttachUnprepared(IommuDomain domain, DmaDevice device)
    {
        var attachment = Attachment(device);
        return Leave61(attachment).Concat(Add(Own(domain), attachment));
    }

    /// <inheritdoc/>
    public IEnumerable<DriverStep> Detach(IommuDomain domain, DmaDevice device)
    {
        var attachment = Attachment(device);
        return Is61 ? Remove(attachment) : BlockTranslation(attachment);
    }

    /// <inheritdoc/>
    public IEnumerable<DriverStep> Block(DmaDevice device)
    {
        if (Is61)
            throw new DriverException(Errno.EOPNOTSUPP, "the 6.1 driver has no blocking domain");
        return BlockTranslation(Attachment(device));
    }

    /// <summary>What pci_enable_ats and pci_disable_ats leave: whether the device's TLB has to be flushed.</summary>
    public void SetAtsEnabled(DmaDevice device, bool enabled) => Attachment(device).AtsEnabled = enabled;

    /// <inheritdoc/>
    public IEnumerable<DriverStep> SyncMap(IommuDomain domain, Iova iova, ulong size, InvalidationGather gather)
    {
        ArgumentNullException.ThrowIfNull(gather);
        var own = Own(domain);

        // Small tables that gave way to a superpage (switch_to_super_page).
        return gather.Requests.Count == 0 ? _flush.Mapped(own, iova.Value, size) : gather.Requests.Where(request => request.Kind == InvalidationKind.Walk).SelectMany(request => _flush.Range(own, request.Iova, request.Size, leafOnly: false))
            .Concat(_flush.Mapped(own, iova.Value, size));
    }

    /// <inheritdoc/>
    public IEnumerable<DriverStep> Sync(IommuDomain domain, InvalidationGather gather)
    {
        ArgumentNullException.ThrowIfNull(gather);
        var own = Own(domain);
        var leafOnly = gather.FreedTables.Count == 0;
        foreach (var request in gather.Requests)
        {
            foreach (var step in _flush.Range(own, request.Iova, request.Size, leafOnly))
                yield return step;
        }

        foreach (var (address, bytes) in gather.FreedTables)
            _frames.Free(address, bytes);
        gather.Clear();
    }

    /// <inheritdoc/>
    public IEnumerable<DriverStep> FlushAll(IommuDomain domain) => _flush.All(Own(domain));

    /// <inheritdoc/>
    public IEnumerable<DriverStep> HandleInterrupt() => _units.SelectMany(VtdUnitSetup.ReadFaults);

    private static IntelVtdDomain Own(IommuDomain domain) =>
        domain as IntelVtdDomain ?? throw new DriverException(Errno.EINVAL, "the domain is another driver's");

    // domain_use_first_level: the only level there is, else first level for the DMA API.
    private static bool UsesFirstLevel(DomainType type, VtdUnit unit)
    {
        if (!unit.Scalable)
            return false;
        var extended = unit.ExtendedCapability;
        return extended.FirstLevel ^ extended.SecondLevel ? extended.FirstLevel : type != DomainType.Unmanaged;
    }

    private VtdAttachment Attachment(DmaDevice device) =>
        _devices.GetValueOrDefault(device) ?? throw new DriverException(Errno.ENODEV, $"device {device?.Name} was not probed");

    // Before anything else, 6.1 leaves what the device is attached to.
    private IEnumerable<DriverStep> Leave61(VtdAttachment attachment) => attachment.Domain == null ? [] : BlockTranslation(attachment);

    private IEnumerable<DriverStep> AttachAfterBlock(IntelVtdDomain domain, VtdAttachment attachment)
    {
        foreach (var step in BlockTranslation(attachment))
            yield return step;
        var next = domain == _identity ? PassThrough612(attachment) : PrepareAndAdd(domain, attachment);
        foreach (var step in next)
            yield return step;
    }

    private IEnumerable<DriverStep> PassThrough612(VtdAttachment attachment)
    {
        var unit = attachment.Unit;
        attachment.Attached = true;
        if (unit.Scalable)
        {
            foreach (var step in _entries.SetPasid(attachment, VtdTranslationEntries.PassThroughPasid(unit)))
                yield return step;
            attachment.AtsEnabled = attachment.AtsSupported;
            yield break;
        }

        var entry = VtdTranslationEntries.PassThroughContext(unit, VtdUnit.DefaultDomainId);
        foreach (var source in attachment.Sources)
        {
            if (_entries.HasContext(unit, source))
                continue;
            foreach (var step in _entries.SetContext(unit, source, entry.Low, entry.High).Concat(_entries.FlushNewContext(unit, source, VtdUnit.DefaultDomainId)))
                yield return step;
        }
    }

    // prepare_domain_attach_device, then domain_add_dev_info (6.12: dmar_domain_attach_device).
    private IEnumerable<DriverStep> PrepareAndAdd(IntelVtdDomain domain, VtdAttachment attachment)
    {
        var unit = attachment.Unit;
        Finalise(domain, attachment.Device);
        if (domain.Table is { } table)
        {
            if (domain.ForceSnooping && !unit.ExtendedCapability.SnoopControl)
                return [DriverStep.Fail(Errno.EINVAL)];
            if (!table.LowerLevels(unit.AddressWidth + 2))
                return [DriverStep.Fail(Errno.EINVAL)];
        }

        return Add(domain, attachment);
    }

    private IEnumerable<DriverStep> Add(IntelVtdDomain domain, VtdAttachment attachment)
    {
        var unit = attachment.Unit;
        Finalise(domain, attachment.Device);
        domain.Join(attachment);
        attachment.Attached = true;
        var failed = Errno.None;
        if (unit.Scalable)
        {
            var entry = VtdTranslationEntries.PassThroughPasid(unit);
            failed = IsPassThrough(domain) ? Errno.None : VtdTranslationEntries.TryPasid(Kernel, domain, unit, out entry);
            if (failed == Errno.None)
            {
                foreach (var step in _entries.SetPasid(attachment, entry))
                    yield return step;
            }
        }

        foreach (var source in attachment.Sources)
        {
            // 6.12 made the scalable context entries at probe.
            if (failed != Errno.None || (unit.Scalable && !Is61) || _entries.HasContext(unit, source))
                continue;
            foreach (var step in unit.Scalable ? SetScalableContext(attachment, source, flush: true) : SetLegacyContext(domain, attachment, source, out failed))
                yield return step;
        }

        if (failed != Errno.None)
        {
            foreach (var step in BlockTranslation(attachment))
                yield return step;
            yield return DriverStep.Fail(failed);
            yield break;
        }

        attachment.AtsEnabled = attachment.AtsSupported;
    }

    private bool IsPassThrough(IntelVtdDomain domain) => domain == _identity && PassesThrough;

    // A mapping that fails leaves the cleared entry with its domain id.
    private IEnumerable<DriverStep> SetLegacyContext(IntelVtdDomain domain, VtdAttachment attachment, ushort source, out Errno failed)
    {
        failed = Errno.None;
        var unit = attachment.Unit;
        var id = domain.IdOn(unit);
        var entry = VtdTranslationEntries.PassThroughContext(unit, id);
        if (!IsPassThrough(domain) && !VtdTranslationEntries.TryContext(domain, attachment, source, out entry))
        {
            failed = Errno.ENOMEM;
            return _entries.SetUnfinishedContext(unit, source, (ulong)id << 8);
        }

        return _entries.SetContext(unit, source, entry.Low, entry.High).Concat(_entries.FlushNewContext(unit, source, id));
    }

    private IEnumerable<DriverStep> SetScalableContext(VtdAttachment attachment, ushort source, bool flush)
    {
        var unit = attachment.Unit;
        if (_entries.HasContext(unit, source))
            return [];
        var entry = VtdTranslationEntries.ScalableContext(attachment, full: source == attachment.Sources[0] || !Is61);
        var steps = _entries.SetContext(unit, source, entry.Low, entry.High);
        return flush || unit.Capability.CachingMode ? steps.Concat(_entries.FlushNewContext(unit, source, attachment.Domain?.IdOn(unit) ?? 0)) : steps;
    }

    // device_block_translation. Scalable mode: only the PASID entry goes, the context entry stays.
    private IEnumerable<DriverStep> BlockTranslation(VtdAttachment attachment)
    {
        if (!attachment.Attached)
            yield break;
        attachment.AtsEnabled = false;
        var clears = attachment.Unit.Scalable
            ? _entries.ClearPasid(attachment)
            : attachment.Sources.SelectMany(source => _entries.ClearContext(attachment, source, 0));
        foreach (var step in clears)
            yield return step;
        attachment.Domain?.Leave(attachment);
        attachment.Attached = false;
    }

    // 6.1's detach (dmar_remove_one_dev_info): PASID entry, ATS off, context entries of all aliases.
    private IEnumerable<DriverStep> Remove(VtdAttachment attachment)
    {
        if (attachment.Domain is not { } domain)
            yield break;
        var unit = attachment.Unit;
        if (unit.Scalable)
        {
            foreach (var step in _entries.ClearPasid(attachment))
                yield return step;
        }

        attachment.AtsEnabled = false;
        var id = IsPassThrough(domain) ? VtdUnit.DefaultDomainId : domain.IdOn(unit);
        foreach (var step in attachment.Sources.SelectMany(source => _entries.ClearContext(attachment, source, id)))
            yield return step;
        domain.Leave(attachment);
        attachment.Attached = false;
    }
}
