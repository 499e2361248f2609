using Emulator.Hardware.Dma;
using Emulator.Hardware.Drivers;
using Emulator.Hardware.Memory;
using Emulator.Hardware.PageTables;
using Emulator.Hardware.PageTables.Dart;

namespace Emulator.Hardware.Iommus.AppleDart;

/// <summary>Linux's DART driver, of 6.1 and of 6.12.</summary>
/// <remarks>Source: drivers/iommu/apple-dart.c; line numbers are of 6.1.192 unless they are marked 6.12 (6.12.117).</remarks>
public sealed class AppleDartDriver : IIommuDriver
{
    /// <summary>DARTs that one device may be behind (MAX_DARTS_PER_DEVICE, :39).</summary>
    public const int MaxUnitsPerDevice = 2;

    private readonly AppleDartHardware _hardware;
    private readonly PhysicalMemory _memory;
    private readonly IFrameAllocator _frames;
    private readonly AppleDartDriverOptions _options;
    private readonly AppleDartInvalidation _invalidation;
    private readonly AppleDartUnit[] _units;
    private int _groups;

    /// <summary>Makes the driver.</summary>
    /// <param name="kernel">Whose behaviour.</param>
    /// <param name="hardware">The generation of all units.</param>
    /// <param name="memory">The memory that tables are written to.</param>
    /// <param name="frames">Where tables come from.</param>
    /// <param name="units">DART instances, at least 1.</param>
    /// <param name="options">What varies.</param>
    /// <exception cref="ArgumentException">The driver of that kernel does not know this hardware.</exception>
    public AppleDartDriver(
        KernelVersion kernel, AppleDartHardware hardware, PhysicalMemory memory, IFrameAllocator frames, int units = 1, AppleDartDriverOptions? options = null)
    {
        ArgumentNullException.ThrowIfNull(hardware);
        ArgumentNullException.ThrowIfNull(memory);
        ArgumentNullException.ThrowIfNull(frames);
        ArgumentOutOfRangeException.ThrowIfLessThan(units, 1);
        if (kernel == KernelVersion.Linux61 && !hardware.InLinux61)
            throw new ArgumentException($"the DART driver of Linux 6.1 does not know apple,{hardware.Name}-dart", nameof(hardware));
        (Kernel, _hardware, _memory, _frames) = (kernel, hardware, memory, frames);
        _options = options ?? new AppleDartDriverOptions();
        _invalidation = new AppleDartInvalidation(kernel, hardware, _options.BusyReads);
        _units = [.. Enumerable.Range(0, units).Select(index => new AppleDartUnit(index))];
    }

    /// <inheritdoc/>
    public KernelVersion Kernel { get; }

    /// <inheritdoc/>
    public bool HasNativeBlocking => true;

    /// <inheritdoc/>
    public IEnumerable<DriverStep> Probe() => _units.SelectMany(unit => Probe(unit.Index));

    /// <summary>Bring-up of one DART (apple_dart_probe, 6.12 :1070).</summary>
    public IEnumerable<DriverStep> Probe(int unit)
    {
        var dart = _units[unit];
        var params1 = DriverStep.Read(AppleDartRegisters.Params1, unit: unit);
        yield return params1;
        var params2 = DriverStep.Read(AppleDartRegisters.Params2, unit: unit);
        yield return params2;
        dart.PageSize = 1UL << AppleDartRegisters.PageShift((uint)params1.Value);
        dart.BypassSupported = AppleDartRegisters.BypassSupported((uint)params2.Value);
        dart.InputBits = 32;
        dart.OutputBits = _hardware.Format.OutputBits;
        dart.Streams = _hardware.MaxStreams;
        if (_hardware.Layout == AppleDartLayout.T8110)
        {
            var params3 = DriverStep.Read(AppleDartRegisters.Params3, unit: unit);
            yield return params3;
            var params4 = DriverStep.Read(AppleDartRegisters.Params4, unit: unit);
            yield return params4;
            dart.InputBits = AppleDartRegisters.VirtualBits((uint)params3.Value);
            dart.OutputBits = AppleDartRegisters.PhysicalBits((uint)params3.Value);
            dart.Streams = AppleDartRegisters.StreamCount((uint)params4.Value);
            if (dart.Streams > _hardware.MaxStreams)
            {
                yield return DriverStep.Fail(Errno.EINVAL);
                yield break;
            }
        }

        foreach (var step in Reset(dart))
        {
            dart.IsProbed = step.Kind != DriverStepKind.Return;
            yield return step;
        }
    }

    /// <inheritdoc/>
    /// <remarks>The checks of apple_dart_of_xlate (:629). Nothing is programmed. Result: 0; -ENODEV behind a DART whose probe failed; -EINVAL behind more
    /// than <see cref="MaxUnitsPerDevice"/> DARTs, or behind two that differ in page size or bypass.</remarks>
    /// <exception cref="DriverException">EINVAL: a stream that this DART does not have.</exception>
    public IEnumerable<DriverStep> ProbeDevice(DmaDevice device)
    {
        var maps = MapsOf(device);
        var first = _units[maps[0].Unit];
        var alike = maps.All(map => _units[map.Unit].PageSize == first.PageSize && _units[map.Unit].BypassSupported == first.BypassSupported);
        if (maps.Exists(map => !_units[map.Unit].IsProbed))
            return [DriverStep.Fail(Errno.ENODEV)];
        return maps.Count <= MaxUnitsPerDevice && alike ? [] : [DriverStep.Fail(Errno.EINVAL)];
    }

    /// <inheritdoc/>
    /// <remarks>Software state only (6.12 :744): the streams keep their last TCR and TTBRs.</remarks>
    public IEnumerable<DriverStep> ReleaseDevice(DmaDevice device) => [];

    /// <summary>The group of a device (apple_dart_device_group, :717): its own, or that of the device that claimed its streams first.</summary>
    /// <returns>A group number, from 0.</returns>
    /// <exception cref="DriverException">EINVAL: its streams belong to more than one group.</exception>
    public int GroupOf(DmaDevice device)
    {
        var maps = MapsOf(device);
        int? group = null;
        foreach (var (unit, stream) in maps.SelectMany(map => map.Streams.Select(stream => (_units[map.Unit], (uint)stream))))
        {
            int? claimed = unit.Groups.TryGetValue(stream, out var number) ? number : null;
            if (group != null && group != claimed)
                throw new DriverException(Errno.EINVAL, $"the streams of {device.Name} belong to more than one group");
            group = claimed;
        }

        if (group != null)
            return group.Value;
        foreach (var map in maps)
        {
            foreach (var stream in map.Streams)
                _units[map.Unit].Groups[(uint)stream] = _groups;
        }

        return _groups++;
    }

    /// <summary>The type of default domain that the driver asks for (apple_dart_def_domain_type, :792; 6.12 :946); null: the kernel's own default.</summary>
    public DomainType? DefaultDomainType(DmaDevice device)
    {
        var unit = _units[MapsOf(device)[0].Unit];
        if (unit.PageSize > _options.CpuPageSize)
            return DomainType.Identity;
        return unit.BypassSupported ? null : DomainType.Dma;
    }

    /// <inheritdoc/>
    public IommuDomain AllocateDomain(DomainType type) => type switch
    {
        DomainType.Blocked or DomainType.Identity or DomainType.Unmanaged or DomainType.Dma => new AppleDartDomain(type),
        DomainType.DmaFlushQueue when Kernel == KernelVersion.Linux612 => new AppleDartDomain(type),
        _ => throw new DriverException(Errno.EINVAL, $"the DART driver of {Kernel} has no domain of type {type}"),
    };

    /// <inheritdoc/>
    public IEnumerable<DriverStep> FreeDomain(IommuDomain domain)
    {
        Own(domain).Free();
        return [];
    }

    /// <inheritdoc/>
    /// <remarks>apple_dart_finalize_domain (:430): the first device decides on the DARTs and the widths.</remarks>
    public void Finalise(IommuDomain domain, DmaDevice device)
    {
        var own = Own(domain);
        if (!own.IsPaging || own.Tables != null)
            return;
        var maps = MapsOf(device);
        var unit = _units[maps[0].Unit];
        var options = new DartPageTableOptions(unit.InputBits, unit.OutputBits, unit.PageSize);
        var table = DartPageTable.Create(_memory, _frames, _hardware.Format, options)
            ?? throw new DriverException(Errno.ENOMEM, $"no DART table of {unit.InputBits} bits over {unit.OutputBits} bits with pages of 0x{unit.PageSize:x}");
        own.Finalise(table, maps);
    }

    /// <inheritdoc/>
    /// <remarks>apple_dart_attach_dev (:515); 6.12 :661, :682, :706. What the streams were attached to before is not left: its mask keeps them.</remarks>
    public IEnumerable<DriverStep> Attach(IommuDomain domain, DmaDevice device)
    {
        var own = Own(domain);
        var maps = MapsOf(device);
        var unit = _units[maps[0].Unit];
        // 6.1 tests this for every type but identity (:523), 6.12 for paging domains only.
        var tooLarge = unit.PageSize > _options.CpuPageSize
            && (own.IsPaging || (own.Type == DomainType.Blocked && Kernel == KernelVersion.Linux61));
        if (tooLarge || (own.Type == DomainType.Identity && !unit.BypassSupported))
        {
            yield return DriverStep.Fail(Errno.EINVAL);
            yield break;
        }

        if (!own.IsPaging)
        {
            var control = own.Type == DomainType.Identity ? _hardware.ControlBypass : 0;
            foreach (var step in maps.SelectMany(map => SetControl(map, control)))
                yield return step;
            yield break;
        }

        Finalise(own, device);
        if (!own.StreamMaps.Select(map => map.Unit).SequenceEqual(maps.Select(map => map.Unit)))
        {
            yield return DriverStep.Fail(Errno.EINVAL);
            yield break;
        }

        foreach (var (mask, map) in own.StreamMaps.Zip(maps))
            mask.Add(map);
        foreach (var step in maps.SelectMany(map => SetUpTranslation(own, map)))
            yield return step;
    }

    /// <inheritdoc/>
    /// <remarks>6.1: apple_dart_detach_dev (:557), no TTBR is cleared and nothing is flushed. 6.12 has none; the core attaches the blocking domain.</remarks>
    public IEnumerable<DriverStep> Detach(IommuDomain domain, DmaDevice device)
    {
        var own = Own(domain);
        var maps = MapsOf(device);
        foreach (var step in maps.SelectMany(map => SetControl(map, 0)))
            yield return step;
        if (Kernel != KernelVersion.Linux61 || !own.IsPaging)
            yield break;
        foreach (var (mask, map) in own.StreamMaps.Zip(maps))
            mask.Remove(map);
    }

    /// <inheritdoc/>
    public IEnumerable<DriverStep> Block(DmaDevice device) => Attach(AllocateDomain(DomainType.Blocked), device);

    /// <inheritdoc/>
    public IEnumerable<DriverStep> SyncMap(IommuDomain domain, Iova iova, ulong size, InvalidationGather gather) => FlushAll(domain);

    /// <inheritdoc/>
    public IEnumerable<DriverStep> Sync(IommuDomain domain, InvalidationGather gather) => FlushAll(domain);

    /// <inheritdoc/>
    /// <remarks>apple_dart_domain_flush_tlb: every stream of the domain, whatever was asked for.</remarks>
    public IEnumerable<DriverStep> FlushAll(IommuDomain domain) => Own(domain).StreamMaps.SelectMany(Invalidate);

    /// <inheritdoc/>
    /// <remarks>The handlers of the DARTs whose probe succeeded, in turn, as for a shared interrupt line. Result: 1 when one had something to handle, else 0.</remarks>
    public IEnumerable<DriverStep> HandleInterrupt()
    {
        var handled = 0L;
        foreach (var step in _units.Where(unit => unit.IsProbed).SelectMany(unit => HandleInterrupt(unit.Index)))
        {
            if (step.Kind == DriverStepKind.Return)
                handled |= step.Result;
            else
                yield return step;
        }

        yield return DriverStep.Return(handled);
    }

    /// <summary>The handler of one DART (apple_dart_irq, :852; 6.12 apple_dart_t8110_irq). Result: 1 when it was this DART's interrupt, else 0.</summary>
    public IEnumerable<DriverStep> HandleInterrupt(int unit)
    {
        var error = DriverStep.Read(_hardware.Error, unit: unit);
        yield return error;
        yield return DriverStep.Read(_hardware.ErrorAddress, unit: unit);
        yield return DriverStep.Read(_hardware.ErrorAddress + 4, unit: unit);
        if ((error.Value & AppleDartRegisters.ErrorFlag) == 0)
        {
            yield return DriverStep.Return(0);
            yield break;
        }

        yield return DriverStep.Write(_hardware.Error, error.Value, unit: unit);
        for (var word = 0; _hardware.Layout == AppleDartLayout.T8110 && word < AppleDartStreamMap.Words(_units[unit].Streams); word++)
            yield return DriverStep.Write(AppleDartRegisters.ErrorStreams + (4 * (ulong)word), uint.MaxValue, unit: unit);
        yield return DriverStep.Return(1);
    }

    /// <summary>System sleep of one DART: saves every stream's TCR and TTBRs.</summary>
    public IEnumerable<DriverStep> Suspend(int unit)
    {
        var dart = _units[unit];
        dart.SavedControls = new uint[dart.Streams];
        dart.SavedTtbrs = new uint[dart.Streams * _hardware.TtbrCount];
        for (var stream = 0; stream < dart.Streams; stream++)
        {
            var control = DriverStep.Read(_hardware.Control(stream), unit: dart.Index);
            yield return control;
            dart.SavedControls[stream] = (uint)control.Value;
            for (var i = 0; i < _hardware.TtbrCount; i++)
            {
                var ttbr = DriverStep.Read(_hardware.Ttbr(stream, i), unit: dart.Index);
                yield return ttbr;
                dart.SavedTtbrs[(stream * _hardware.TtbrCount) + i] = (uint)ttbr.Value;
            }
        }
    }

    /// <summary>Wake-up of one DART: reset, then the saved TTBRs and TCRs.</summary>
    public IEnumerable<DriverStep> Resume(int unit)
    {
        var dart = _units[unit];
        foreach (var step in Reset(dart))
        {
            yield return step;
            if (step.Kind == DriverStepKind.Return)
                yield break;
        }

        for (var stream = 0; stream < dart.SavedControls.Length; stream++)
        {
            for (var i = 0; i < _hardware.TtbrCount; i++)
                yield return DriverStep.Write(_hardware.Ttbr(stream, i), dart.SavedTtbrs[(stream * _hardware.TtbrCount) + i], unit: dart.Index);
            yield return DriverStep.Write(_hardware.Control(stream), dart.SavedControls[stream], unit: dart.Index);
        }
    }

    private static AppleDartDomain Own(IommuDomain domain) =>
        domain as AppleDartDomain ?? throw new ArgumentException("not a domain of the DART driver", nameof(domain));

    // apple_dart_hw_reset (:307-334): every stream ends up blocked.
    private IEnumerable<DriverStep> Reset(AppleDartUnit dart)
    {
        var config = DriverStep.Read(_hardware.Lock, unit: dart.Index);
        yield return config;
        if ((config.Value & _hardware.LockBit) != 0)
        {
            yield return DriverStep.Fail(Errno.EINVAL);
            yield break;
        }

        var all = new AppleDartStreamMap(dart.Index);
        for (var stream = 0; stream < dart.Streams; stream++)
            all.Add(stream);
        foreach (var step in SetControl(all, 0))
            yield return step;
        for (var i = 0; i < _hardware.TtbrCount; i++)
        {
            foreach (var stream in all.Streams)
                yield return DriverStep.Write(_hardware.Ttbr(stream, i), 0, unit: dart.Index);
        }

        // With 64 streams (usb4) the second word is TCR of stream 0, which is left at all ones.
        for (var word = 0; word < AppleDartStreamMap.Words(dart.Streams); word++)
            yield return DriverStep.Write(_hardware.EnableStreams + (4 * (ulong)word), uint.MaxValue, unit: dart.Index);
        var error = DriverStep.Read(_hardware.Error, unit: dart.Index);
        yield return error;
        yield return DriverStep.Write(_hardware.Error, error.Value, unit: dart.Index);
        if (_hardware.Layout == AppleDartLayout.T8110)
            yield return DriverStep.Write(AppleDartRegisters.ErrorMask, 0, unit: dart.Index);
        DriverStep? last = null;
        foreach (var step in Invalidate(all))
            yield return last = step;
        if (last != null && _invalidation.IsStuck(last))
            yield return DriverStep.Fail(Errno.ETIMEDOUT);
    }

    // apple_dart_setup_translation (:407). 6.12 on t8110 writes one TTBR for each first-level table although a stream has one (6.12 :565).
    private IEnumerable<DriverStep> SetUpTranslation(AppleDartDomain domain, AppleDartStreamMap map)
    {
        var tables = domain.Tables?.Tables ?? [];
        for (var i = 0; i < Math.Max(tables.Count, _hardware.TtbrCount); i++)
        {
            var ttbr = i < tables.Count ? _hardware.EncodeTtbr(tables[i]) : 0;
            foreach (var stream in map.Streams)
                yield return DriverStep.Write(_hardware.Ttbr(stream, i), ttbr, unit: map.Unit);
        }

        foreach (var step in SetControl(map, _hardware.ControlTranslate).Concat(Invalidate(map)))
            yield return step;
    }

    private IEnumerable<DriverStep> SetControl(AppleDartStreamMap map, uint control) =>
        map.Streams.Select(stream => DriverStep.Write(_hardware.Control(stream), control, unit: map.Unit));

    private IEnumerable<DriverStep> Invalidate(AppleDartStreamMap map) => _invalidation.Of(map, _units[map.Unit].Streams);

    // The device's streams by DART, in the order in which firmware names them (of_xlate, :629).
    private List<AppleDartStreamMap> MapsOf(DmaDevice device)
    {
        ArgumentNullException.ThrowIfNull(device);
        var maps = new List<AppleDartStreamMap>();
        foreach (var (unit, stream) in device.Streams)
        {
            if (unit < 0 || unit >= _units.Length)
                throw new DriverException(Errno.EINVAL, $"{device.Name} is behind DART {unit}, there are {_units.Length}");
            if (stream.Value >= (uint)_units[unit].Streams)
                throw new DriverException(Errno.EINVAL, $"stream {stream.Value} of {device.Name} is outside this DART's {_units[unit].Streams} streams");
            var map = maps.Find(map => map.Unit == unit);
            if (map == null)
                maps.Add(map = new AppleDartStreamMap(unit));
            map.Add((int)stream.Value);
        }

        return maps;
    }
}
