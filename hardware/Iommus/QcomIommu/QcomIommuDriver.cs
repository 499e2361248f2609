using Emulator.Hardware.Dma;
using Emulator.Hardware.Drivers;
using Emulator.Hardware.Memory;
using Emulator.Hardware.PageTables;
using Emulator.Hardware.PageTables.ArmLpae;

namespace Emulator.Hardware.Iommus.QcomIommu;

/// <summary>Linux's driver of Qualcomm's context-bank IOMMU, of 6.1 and of 6.12.</summary>
/// <remarks>Source: drivers/iommu/arm/arm-smmu/qcom_iommu.c; line numbers are of 6.1.192 unless they are marked 6.12 (6.12.117).</remarks>
public sealed class QcomIommuDriver : IIommuDriver
{
    private readonly QcomIommuHardware _hardware;
    private readonly PhysicalMemory _memory;
    private readonly IFrameAllocator _frames;
    private readonly QcomIommuDriverOptions _options;
    private readonly QcomIommuContext[][] _units;
    private readonly QcomIommuDomain _identity = new(DomainType.Identity);

    // What the kernel's core knows: the domain that a device is attached to.
    private readonly Dictionary<string, QcomIommuDomain> _attached = new(StringComparer.Ordinal);
    private bool _hasSecureTables;

    /// <summary>Makes the driver.</summary>
    /// <param name="kernel">Whose behaviour.</param>
    /// <param name="hardware">The banks of each IOMMU.</param>
    /// <param name="memory">The memory that tables are written to.</param>
    /// <param name="frames">Where tables come from.</param>
    /// <param name="units">IOMMUs, at least 1.</param>
    /// <param name="options">What varies.</param>
    /// <exception cref="ArgumentException">The driver of that kernel does not know this hardware.</exception>
    public QcomIommuDriver(
        KernelVersion kernel, QcomIommuHardware hardware, PhysicalMemory memory, IFrameAllocator frames, int units = 1, QcomIommuDriverOptions? options = null)
    {
        ArgumentNullException.ThrowIfNull(hardware);
        ArgumentNullException.ThrowIfNull(memory);
        ArgumentNullException.ThrowIfNull(frames);
        ArgumentOutOfRangeException.ThrowIfLessThan(units, 1);
        if (kernel == KernelVersion.Linux61 && hardware.IsVersion2)
            throw new ArgumentException("the driver of Linux 6.1 does not know qcom,msm-iommu-v2", nameof(hardware));
        (Kernel, _hardware, _memory, _frames) = (kernel, hardware, memory, frames);
        _options = options ?? new QcomIommuDriverOptions();
        _units = [.. Enumerable.Range(0, units).Select(unit => Enumerable.Range(1, hardware.Banks).Select(number => new QcomIommuContext(unit, number)).ToArray())];
    }

    /// <inheritdoc/>
    public KernelVersion Kernel { get; }

    /// <inheritdoc/>
    public bool HasNativeBlocking => false;

    /// <summary>A domain's fault handler (report_iommu_fault, :212): told of each fault, always as a read; answers whether it dealt with it. Null: nobody asked.</summary>
    public Func<QcomIommuDomain, Iova, bool>? FaultHandler { get; set; }

    /// <inheritdoc/>
    public IEnumerable<DriverStep> Probe() => DriverSequence.InTurn(Enumerable.Range(0, _units.Length).Select(Probe));

    /// <summary>Bring-up of one IOMMU and its banks (qcom_iommu_device_probe, qcom_iommu_ctx_probe): faults that the boot loader left are cleared, nothing else is
    /// touched. Result: 0, or what firmware answered.</summary>
    public IEnumerable<DriverStep> Probe(int unit)
    {
        if (_hardware.SecureBanks.Count > 0 && !_hasSecureTables)
        {
            var bytes = _options.Firmware.SecureTableBytes;
            var tables = _frames.Allocate(bytes);
            var error = _options.Firmware.InitialiseSecureTables(tables, bytes);
            if (error != Errno.None)
            {
                _frames.Free(tables, bytes);
                yield return DriverStep.Fail(error);
                yield break;
            }

            _hasSecureTables = true;
        }

        foreach (var context in _units[unit].Where(context => _hardware.IsProgrammable(context.Number)))
        {
            var status = Read(context, QcomIommuRegisters.FaultStatus);
            yield return status;
            yield return Write(context, QcomIommuRegisters.FaultStatus, status.Value);
        }

        if (_hardware.LocalBase is { } local)
            yield return DriverStep.Write(local + QcomIommuRegisters.InterruptSelect, uint.MaxValue, unit: unit);
    }

    /// <inheritdoc/>
    /// <remarks>The checks of qcom_iommu_of_xlate. Result: 0; -EINVAL for a bank that is not there, and for banks of more than one IOMMU. Nothing is programmed.</remarks>
    public IEnumerable<DriverStep> ProbeDevice(DmaDevice device) => ContextsOf(device) == null ? [DriverStep.Fail(Errno.EINVAL)] : [];

    /// <inheritdoc/>
    /// <remarks>Nothing is programmed: a bank that translates goes on.</remarks>
    public IEnumerable<DriverStep> ReleaseDevice(DmaDevice device) => [];

    /// <inheritdoc/>
    public IommuDomain AllocateDomain(DomainType type) => type switch
    {
        DomainType.Unmanaged or DomainType.Dma => new QcomIommuDomain(type),
        DomainType.DmaFlushQueue when Kernel == KernelVersion.Linux612 => new QcomIommuDomain(type),
        DomainType.Identity when Kernel == KernelVersion.Linux612 => _identity,
        _ => throw new DriverException(Errno.EINVAL, $"the Qualcomm IOMMU driver of {Kernel} has no domain of type {type}"),
    };

    /// <inheritdoc/>
    /// <remarks>qcom_iommu_domain_free: the banks' ASIDs are invalidated, then the table's pages go. Banks whose TTBR0 names the table are left as they are.</remarks>
    public IEnumerable<DriverStep> FreeDomain(IommuDomain domain)
    {
        var own = Own(domain);
        foreach (var step in own.Contexts.Select(context => Write(context, QcomIommuRegisters.TlbiAsid, (ulong)context.Number)).Concat(Synchronise(own)))
            yield return step;
        own.Free();
    }

    /// <inheritdoc/>
    /// <remarks>The table alone: the domain is bound by the first attach.</remarks>
    public void Finalise(IommuDomain domain, DmaDevice device)
    {
        var own = Own(domain);
        if (!own.IsPaging || own.Tables != null)
            return;
        var config = new ArmLpaeConfig
        {
            Format = ArmLpaeFormat.Arm32Stage1,
            InputBits = 32,
            OutputBits = 40,
            PageSizeBitmap = (1UL << 24) | (1UL << 20) | (1UL << 16) | (1UL << 12),
            CoherentWalk = false,
            OnePageAtATime = Kernel == KernelVersion.Linux61,
            Kernel = Kernel,
        };
        own.Finalise(ArmLpaePageTable.Create(_memory, _frames, config)!);
    }

    /// <inheritdoc/>
    /// <remarks>qcom_iommu_attach_dev (:369), qcom_iommu_init_domain (:226): a domain that was attached before is not programmed again. Result: 0; -ENXIO: the device
    /// is behind no such bank; -EINVAL: the domain is bound to another IOMMU; or what firmware answered, and then the table is lost.</remarks>
    public IEnumerable<DriverStep> Attach(IommuDomain domain, DmaDevice device)
    {
        var own = Own(domain);
        var sequence = ContextsOf(device) is not { } contexts ? [DriverStep.Fail(Errno.ENXIO)]
            : !own.IsPaging ? AttachIdentity(device, contexts)
            : own.Unit == null ? Initialise(own, device, contexts)
            : own.Unit == contexts[0].Unit ? []
            : [DriverStep.Fail(Errno.EINVAL)];
        foreach (var step in sequence)
        {
            yield return step;
            if (step.Kind == DriverStepKind.Return)
                yield break;
        }

        _attached[device.Name] = own;
    }

    /// <inheritdoc/>
    /// <remarks>qcom_iommu_detach_dev (:402). 6.12: the core attaches identity.</remarks>
    public IEnumerable<DriverStep> Detach(IommuDomain domain, DmaDevice device)
    {
        if (ContextsOf(device) is not { } contexts)
            return [];
        return Kernel == KernelVersion.Linux612 ? Attach(_identity, device) : Own(domain).Unit == null ? [] : Disable(device, contexts);
    }

    /// <inheritdoc/>
    public IEnumerable<DriverStep> Block(DmaDevice device) =>
        throw new DriverException(Errno.EOPNOTSUPP, $"the Qualcomm IOMMU driver of {Kernel} has no blocking domain");

    /// <inheritdoc/>
    /// <remarks>No register holds anything that is lost with the clocks. 6.12, in a power domain: firmware restores the secure configuration.</remarks>
    public IEnumerable<DriverStep> ResumeDevice(DmaDevice device)
    {
        var error = Kernel == KernelVersion.Linux612 && _hardware.HasPowerDomain ? _options.Firmware.RestoreSecureConfiguration(_hardware.SecureId, 0) : Errno.None;
        return error == Errno.None ? [] : [DriverStep.Fail(error)];
    }

    /// <inheritdoc/>
    /// <remarks>There is no iotlb_sync_map.</remarks>
    public IEnumerable<DriverStep> SyncMap(IommuDomain domain, Iova iova, ulong size, InvalidationGather gather) => InvalidateGathered(domain, gather);

    /// <inheritdoc/>
    /// <remarks>The kernel invalidates page by page as it unmaps (tlb_add_page), and here waits for that.</remarks>
    public IEnumerable<DriverStep> Sync(IommuDomain domain, InvalidationGather gather) => InvalidateGathered(domain, gather).Concat(Synchronise(Own(domain)));

    /// <inheritdoc/>
    /// <remarks>Waits, and invalidates nothing (qcom_iommu_flush_iotlb_all, :466).</remarks>
    public IEnumerable<DriverStep> FlushAll(IommuDomain domain) => Synchronise(Own(domain));

    /// <summary>One request of the page-table code: tlb_add_page for pages, tlb_flush_walk for tables (:147-190).</summary>
    public IEnumerable<DriverStep> Invalidate(IommuDomain domain, Invalidation request)
    {
        var own = Own(domain);
        if (request.Kind == InvalidationKind.Walk)
            return InvalidateRange(own, QcomIommuRegisters.TlbiAddress, request.Iova, request.Size, request.Granule).Concat(Synchronise(own));
        return Enumerable.Range(0, (int)(request.Size / request.Granule)).SelectMany(page =>
            InvalidateRange(own, QcomIommuRegisters.TlbiAddressLast, request.Iova + ((ulong)page * request.Granule), request.Granule, request.Granule));
    }

    /// <inheritdoc/>
    /// <remarks>The handlers of all banks in turn, as for the interrupt line that they share. Result: 1 when one had something to handle, else 0.</remarks>
    /// <exception cref="KernelBugException">A bank has a fault and no domain.</exception>
    public IEnumerable<DriverStep> HandleInterrupt()
    {
        var handled = 0L;
        foreach (var step in _units.SelectMany(contexts => contexts).SelectMany(HandleInterrupt))
        {
            if (step.Kind == DriverStepKind.Return)
                handled |= step.Result;
            else
                yield return step;
        }

        yield return DriverStep.Return(handled);
    }

    private static QcomIommuDomain Own(IommuDomain domain) =>
        domain as QcomIommuDomain ?? throw new ArgumentException("not a domain of the Qualcomm IOMMU driver", nameof(domain));

    private static DriverStep Read(QcomIommuContext context, ulong register, int width = 4) => DriverStep.Read(context.Offset(register), width, context.Unit);

    private static DriverStep Write(QcomIommuContext context, ulong register, ulong value, int width = 4) =>
        DriverStep.Write(context.Offset(register), value, width, context.Unit);

    private IEnumerable<DriverStep> Initialise(QcomIommuDomain domain, DmaDevice device, QcomIommuContext[] contexts)
    {
        domain.Bind(contexts[0].Unit, contexts);
        Finalise(domain, device);
        foreach (var context in contexts)
        {
            if (!context.IsSecureRestored)
            {
                var error = _options.Firmware.RestoreSecureConfiguration(_hardware.SecureId, context.Number);
                if (error != Errno.None)
                {
                    domain.Forget();
                    yield return DriverStep.Fail(error);
                    yield break;
                }

                context.IsSecureRestored = true;
            }

            if (_hardware.IsProgrammable(context.Number))
            {
                foreach (var step in Program(context, domain.Tables!.Root))
                    yield return step;
            }

            context.Domain = domain;
        }
    }

    // From the first write to the last one the bank does not translate.
    private static IEnumerable<DriverStep> Program(QcomIommuContext context, ulong table) =>
    [
        Write(context, QcomIommuRegisters.Control, 0),
        Write(context, QcomIommuRegisters.FaultAddress, 0),
        Write(context, QcomIommuRegisters.FaultStatus, QcomIommuRegisters.AnyFault),
        Write(context, QcomIommuRegisters.TableBase0, table | ((ulong)context.Number << 48), width: 8),
        Write(context, QcomIommuRegisters.TableBase1, 0, width: 8),
        Write(context, QcomIommuRegisters.TranslationControl2, QcomIommuRegisters.LinuxTranslationControl2),
        Write(context, QcomIommuRegisters.TranslationControl, QcomIommuRegisters.LinuxTranslationControl),
        Write(context, QcomIommuRegisters.MemoryAttributes0, (uint)ArmLpaeLayout.MemoryAttributes),
        Write(context, QcomIommuRegisters.MemoryAttributes1, ArmLpaeLayout.MemoryAttributes >> 32),
        Write(context, QcomIommuRegisters.Control, QcomIommuRegisters.LinuxControl),
    ];

    // qcom_iommu_identity_attach (6.12 :390). Nothing for a device without a domain.
    private IEnumerable<DriverStep> AttachIdentity(DmaDevice device, QcomIommuContext[] contexts)
    {
        if (!_attached.TryGetValue(device.Name, out var old) || old == _identity)
            return [];
        return old.Unit == null ? [DriverStep.Fail(Errno.EINVAL)] : Disable(device, contexts);
    }

    private IEnumerable<DriverStep> Disable(DmaDevice device, QcomIommuContext[] contexts)
    {
        foreach (var context in contexts)
        {
            yield return Write(context, QcomIommuRegisters.Control, 0);
            context.Domain = null;
        }

        _attached.Remove(device.Name);
    }

    private IEnumerable<DriverStep> InvalidateGathered(IommuDomain domain, InvalidationGather gather)
    {
        foreach (var step in gather.Requests.SelectMany(request => Invalidate(domain, request)))
            yield return step;
        foreach (var (address, bytes) in gather.FreedTables)
            domain.PageTable!.Release(address, bytes);
    }

    // qcom_iommu_tlb_inv_range_nosync (:157): the address is not set back for the next bank, which so gets what follows the range.
    private static IEnumerable<DriverStep> InvalidateRange(QcomIommuDomain domain, ulong register, ulong iova, ulong size, ulong granule)
    {
        var operand = iova;
        foreach (var context in domain.Contexts)
        {
            operand = (operand & ~0xfffUL) | (uint)context.Number;
            for (var done = 0UL; done < size; done += granule)
            {
                yield return Write(context, register, (uint)operand);
                operand += granule;
            }
        }
    }

    // qcom_iommu_tlb_sync (:128). After a timeout the next bank follows.
    private IEnumerable<DriverStep> Synchronise(QcomIommuDomain domain)
    {
        foreach (var context in domain.Contexts)
        {
            yield return Write(context, QcomIommuRegisters.TlbSync, 0);
            for (var i = 0; i < _options.BusyReads; i++)
            {
                var status = Read(context, QcomIommuRegisters.TlbStatus);
                yield return status;
                if ((status.Value & 1) == 0)
                    break;
            }
        }
    }

    // qcom_iommu_fault (:199).
    private IEnumerable<DriverStep> HandleInterrupt(QcomIommuContext context)
    {
        var status = Read(context, QcomIommuRegisters.FaultStatus);
        yield return status;
        if ((status.Value & QcomIommuRegisters.AnyFault) == 0)
            yield break;
        yield return Read(context, QcomIommuRegisters.FaultSyndrome0);
        var address = Read(context, QcomIommuRegisters.FaultAddress, width: 8);
        yield return address;
        if (context.Domain == null)
            throw new KernelBugException($"the fault handler of bank {context.Number} is given no domain (qcom_iommu.c:212)");
        FaultHandler?.Invoke(context.Domain, new Iova(address.Value));
        yield return Write(context, QcomIommuRegisters.FaultStatus, status.Value);
        yield return Write(context, QcomIommuRegisters.Resume, 1);
        yield return DriverStep.Return(1);
    }

    // The banks of a device in firmware's order; null when it names one that is not there, or those of two IOMMUs.
    private QcomIommuContext[]? ContextsOf(DmaDevice device)
    {
        ArgumentNullException.ThrowIfNull(device);
        var unit = device.Streams[0].Unit;
        var valid = unit >= 0 && unit < _units.Length && device.Streams.All(binding => binding.Unit == unit && binding.Stream.Value - 1 < (uint)_hardware.Banks);
        return valid ? [.. device.Streams.Select(binding => _units[unit][(int)binding.Stream.Value - 1])] : null;
    }
}
