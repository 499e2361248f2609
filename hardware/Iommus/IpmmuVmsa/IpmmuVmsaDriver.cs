using Emulator.Hardware.Dma;
using Emulator.Hardware.Drivers;
using Emulator.Hardware.Memory;
using Emulator.Hardware.PageTables;
using Emulator.Hardware.PageTables.ArmLpae;

namespace Emulator.Hardware.Iommus.IpmmuVmsa;

/// <summary>Linux's IPMMU driver, of 6.1 and of 6.12.</summary>
/// <remarks>Source: drivers/iommu/ipmmu-vmsa.c; line numbers are of 6.1.192 unless they are marked 6.12 (6.12.117).</remarks>
public sealed class IpmmuVmsaDriver : IIommuDriver
{
    private readonly IpmmuVmsaHardware _hardware;
    private readonly PhysicalMemory _memory;
    private readonly IFrameAllocator _frames;
    private readonly bool _is64Bit;
    private readonly IpmmuVmsaSteps _steps;
    private readonly IpmmuVmsaInstance[] _instances;
    private readonly IpmmuVmsaDomain _identity = new(DomainType.Identity);

    // What the kernel's core knows: the domain that a device is attached to.
    private readonly Dictionary<string, IpmmuVmsaDomain> _attached = new(StringComparer.Ordinal);

    /// <summary>Makes the driver.</summary>
    /// <param name="kernel">Whose behaviour.</param>
    /// <param name="hardware">The generation.</param>
    /// <param name="memory">The memory that tables are written to.</param>
    /// <param name="frames">Where tables come from.</param>
    /// <param name="instances">Instances with micro-TLBs, at least 1: units 0 and up of the bus. Where these are leaves, the next unit is their root.</param>
    /// <param name="options">What varies.</param>
    public IpmmuVmsaDriver(
        KernelVersion kernel, IpmmuVmsaHardware hardware, PhysicalMemory memory, IFrameAllocator frames, int instances = 1, IpmmuVmsaDriverOptions? options = null)
    {
        ArgumentNullException.ThrowIfNull(hardware);
        ArgumentNullException.ThrowIfNull(memory);
        ArgumentNullException.ThrowIfNull(frames);
        ArgumentOutOfRangeException.ThrowIfLessThan(instances, 1);
        options ??= new IpmmuVmsaDriverOptions();
        (Kernel, _hardware, _memory, _frames) = (kernel, hardware, memory, frames);
        (_is64Bit, _steps) = (options.Is64Bit ?? !hardware.IsArm32, new IpmmuVmsaSteps(hardware, options.BusyReads));
        var root = hardware.HasLeaves ? new IpmmuVmsaInstance(instances, hardware, null) : null;
        _instances = [.. Enumerable.Range(0, instances).Select(unit => new IpmmuVmsaInstance(unit, hardware, root))];
        if (root != null)
            _instances = [.. _instances, root];
    }

    /// <inheritdoc/>
    public KernelVersion Kernel { get; }

    /// <inheritdoc/>
    public bool HasNativeBlocking => false;

    /// <summary>A domain's fault handler (report_iommu_fault, :530): told of each translation and permission fault by the interrupt handler, as a read; answers
    /// whether it dealt with it. Null: nobody asked.</summary>
    public Func<IpmmuVmsaDomain, Iova, bool>? FaultHandler { get; set; }

    /// <inheritdoc/>
    /// <remarks>Leaves are put off until their root is there.</remarks>
    public IEnumerable<DriverStep> Probe() => _instances.OrderByDescending(instance => instance.IsRoot).SelectMany(instance => Probe(instance.Unit));

    /// <summary>Bring-up of one instance (ipmmu_probe, :959). Of a leaf nothing is written: its micro-TLBs stay as firmware left them.</summary>
    public IEnumerable<DriverStep> Probe(int unit)
    {
        var instance = _instances[unit];
        if (!instance.IsRoot)
            return [];
        if (_hardware.ReservesContext0)
            instance.Reserve(0);
        return _steps.Reset(instance);
    }

    /// <inheritdoc/>
    /// <remarks>Nothing is written. A device that names several IPMMUs has all its micro-TLB numbers programmed into the first one (ipmmu_of_xlate, :783).</remarks>
    /// <exception cref="DriverException">EINVAL: a micro-TLB that the instance does not have; the kernel would write past its registers.</exception>
    public IEnumerable<DriverStep> ProbeDevice(DmaDevice device)
    {
        InstanceOf(device);
        return [];
    }

    /// <inheritdoc/>
    /// <remarks>6.1 (:852) leaves the domain of a 32-bit Arm DMA mapping, and does nothing elsewhere: there the micro-TLBs go on translating. 6.12 (:859) clears
    /// every IMUCTR.</remarks>
    public IEnumerable<DriverStep> ReleaseDevice(DmaDevice device)
    {
        var instance = InstanceOf(device);
        var attached = _attached.ContainsKey(device.Name);
        if (Kernel == KernelVersion.Linux61 && !(attached && _hardware.IsArm32))
            return [];
        return Disable(instance, device);
    }

    /// <inheritdoc/>
    public IommuDomain AllocateDomain(DomainType type) => type switch
    {
        DomainType.Unmanaged or DomainType.Dma => new IpmmuVmsaDomain(type),
        DomainType.DmaFlushQueue when Kernel == KernelVersion.Linux612 => new IpmmuVmsaDomain(type),
        DomainType.Identity when Kernel == KernelVersion.Linux612 => _identity,
        _ => throw new DriverException(Errno.EINVAL, $"the IPMMU driver of {Kernel} has no domain of type {type}"),
    };

    /// <inheritdoc/>
    /// <remarks>ipmmu_domain_free (:586): the context is given back before the table's own flush and the table's pages. Micro-TLBs that still select it are
    /// not looked at.</remarks>
    public IEnumerable<DriverStep> FreeDomain(IommuDomain domain)
    {
        var own = Own(domain);
        if (own.Instance is { } instance)
        {
            foreach (var step in _steps.WriteControl(own, IpmmuVmsaRegisters.Flush).Concat(_steps.WaitForFlush(own)))
                yield return step;
            instance.Root.Return(own.Context!.Value);
            foreach (var step in FlushAll(own))
                yield return step;
        }

        own.Free();
    }

    /// <inheritdoc/>
    /// <remarks>The table alone: the context is taken by the first attach.</remarks>
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
            PageSizeBitmap = (1UL << 30) | (1UL << 21) | (1UL << 12),
            Quirks = ArmLpaeQuirks.NonSecure,
            CoherentWalk = false,
            OnePageAtATime = Kernel == KernelVersion.Linux61,
            Kernel = Kernel,
        };
        own.Finalise(ArmLpaePageTable.Create(_memory, _frames, config)!);
    }

    /// <inheritdoc/>
    /// <remarks>ipmmu_attach_device (:599); identity in 6.12: ipmmu_iommu_identity_attach (6.12 :638). Result: 0; -EBUSY: every context of the root is taken;
    /// -EINVAL: the domain belongs to another instance.</remarks>
    public IEnumerable<DriverStep> Attach(IommuDomain domain, DmaDevice device)
    {
        var own = Own(domain);
        var instance = InstanceOf(device);
        if (!own.IsPaging)
        {
            foreach (var step in AttachIdentity(instance, device))
                yield return step;
            yield break;
        }

        if (own.Instance == null)
        {
            if (instance.Root.Take(own) is not { } context)
            {
                yield return DriverStep.Fail(Errno.EBUSY);
                yield break;
            }

            own.Bind(instance, context);
            Finalise(own, device);
            foreach (var step in _steps.SetUpContext(own))
                yield return step;
        }
        else if (own.Instance != instance)
        {
            yield return DriverStep.Fail(Errno.EINVAL);
            yield break;
        }

        foreach (var step in device.Streams.SelectMany(binding => Enable(own, (int)binding.Stream.Value)))
            yield return step;
        _attached[device.Name] = own;
    }

    /// <inheritdoc/>
    /// <remarks>ipmmu_detach_device (:648): the context goes on, nothing is flushed. 6.12: the core attaches identity.</remarks>
    public IEnumerable<DriverStep> Detach(IommuDomain domain, DmaDevice device)
    {
        var instance = InstanceOf(device);
        return Kernel == KernelVersion.Linux61 ? Disable(instance, device) : AttachIdentity(instance, device);
    }

    /// <inheritdoc/>
    public IEnumerable<DriverStep> Block(DmaDevice device) =>
        throw new DriverException(Errno.EOPNOTSUPP, $"the IPMMU driver of {Kernel} has no blocking domain");

    /// <inheritdoc/>
    /// <remarks>No register is written, unless the mapping took the place of tables (:565): these are flushed out and freed.</remarks>
    public IEnumerable<DriverStep> SyncMap(IommuDomain domain, Iova iova, ulong size, InvalidationGather gather) => FlushWalks(domain, gather);

    /// <inheritdoc/>
    /// <remarks>One flush of everything for each table that went, then the tables are freed; then one flush of everything (:701).</remarks>
    public IEnumerable<DriverStep> Sync(IommuDomain domain, InvalidationGather gather) => FlushWalks(domain, gather).Concat(FlushAll(domain));

    /// <inheritdoc/>
    /// <remarks>ipmmu_tlb_invalidate (:267).</remarks>
    public IEnumerable<DriverStep> FlushAll(IommuDomain domain)
    {
        var own = Own(domain);
        if (own.Instance == null)
            yield break;
        var control = _steps.ReadControl(own);
        yield return control;
        foreach (var step in _steps.WriteControl(own, control.Value | IpmmuVmsaRegisters.Flush).Concat(_steps.WaitForFlush(own)))
            yield return step;
    }

    /// <inheritdoc/>
    /// <remarks>The handlers of all roots in turn. Result: 1 when a fault was handled, else 0: an ABORT or MHIT alone is not.</remarks>
    public IEnumerable<DriverStep> HandleInterrupt()
    {
        var handled = 0L;
        foreach (var step in _instances.Where(instance => instance.IsRoot).SelectMany(HandleInterrupt))
        {
            if (step.Kind == DriverStepKind.Return)
                handled |= step.Result;
            else
                yield return step;
        }

        yield return DriverStep.Return(handled);
    }

    /// <summary>Wake-up of one instance from system sleep (ipmmu_resume_noirq, :1075): a root's contexts, then the micro-TLBs that were enabled. Nothing is saved
    /// before: it is all known.</summary>
    /// <exception cref="KernelBugException">A micro-TLB is enabled for a context that is no longer anybody's.</exception>
    public IEnumerable<DriverStep> Resume(int unit)
    {
        var instance = _instances[unit];
        if (instance.IsRoot)
        {
            foreach (var step in _steps.Reset(instance).Concat(instance.Domains.Where(domain => domain != null).SelectMany(domain => _steps.SetUpContext(domain!))))
                yield return step;
        }

        for (var number = 0; number < instance.Contexts.Length; number++)
        {
            if (instance.Contexts[number] is not { } context)
                continue;
            var domain = instance.Root.Domains[context]
                ?? throw new KernelBugException($"micro-TLB {number} is to be enabled again for the freed context {context} (ipmmu-vmsa.c:1095)");
            foreach (var step in Enable(domain, number))
                yield return step;
        }
    }

    private static IpmmuVmsaDomain Own(IommuDomain domain) =>
        domain as IpmmuVmsaDomain ?? throw new ArgumentException("not a domain of the IPMMU driver", nameof(domain));

    // Nothing for a device without a domain: what firmware left in its micro-TLBs stays.
    private IEnumerable<DriverStep> AttachIdentity(IpmmuVmsaInstance instance, DmaDevice device)
    {
        var translated = _attached.TryGetValue(device.Name, out var old) && old != _identity;
        if (!translated)
            return [];
        return Disable(instance, device, _identity);
    }

    // ipmmu_utlb_disable (:305), for each micro-TLB.
    private IEnumerable<DriverStep> Disable(IpmmuVmsaInstance instance, DmaDevice device, IpmmuVmsaDomain? next = null)
    {
        foreach (var binding in device.Streams)
        {
            var number = (int)binding.Stream.Value;
            yield return _steps.WriteMicroTlb(instance, number, IpmmuVmsaRegisters.MicroTlbControl, 0);
            instance.Contexts[number] = null;
        }

        _attached.Remove(device.Name);
        if (next != null)
            _attached[device.Name] = next;
    }

    // ipmmu_utlb_enable (:286).
    private IEnumerable<DriverStep> Enable(IpmmuVmsaDomain domain, int number)
    {
        var instance = domain.Instance!;
        yield return _steps.WriteMicroTlb(instance, number, IpmmuVmsaRegisters.MicroTlbAsid, 0);
        yield return _steps.WriteMicroTlb(instance, number, IpmmuVmsaRegisters.MicroTlbControl, MicroTlbControl.Select(domain.Context!.Value).Raw);
        instance.Contexts[number] = domain.Context;
    }

    private IEnumerable<DriverStep> FlushWalks(IommuDomain domain, InvalidationGather gather)
    {
        foreach (var step in gather.Requests.Where(request => request.Kind == InvalidationKind.Walk).SelectMany(_ => FlushAll(domain)))
            yield return step;
        foreach (var (address, bytes) in gather.FreedTables)
            domain.PageTable!.Release(address, bytes);
    }

    // ipmmu_irq (:542), ipmmu_domain_irq (:492).
    private IEnumerable<DriverStep> HandleInterrupt(IpmmuVmsaInstance root)
    {
        var handled = 0;
        foreach (var domain in root.Domains)
        {
            if (domain == null)
                continue;
            var status = _steps.ReadContext(domain, IpmmuVmsaRegisters.Status);
            yield return status;
            if ((status.Value & IpmmuVmsaRegisters.Errors) == 0)
                continue;
            var low = _steps.ReadContext(domain, IpmmuVmsaRegisters.FaultLow);
            yield return low;
            var high = _steps.ReadContext(domain, IpmmuVmsaRegisters.FaultHigh);
            if (_is64Bit)
                yield return high;
            yield return _steps.WriteContext(domain, IpmmuVmsaRegisters.Status, 0);
            if ((status.Value & (IpmmuVmsaRegisters.PermissionFault | IpmmuVmsaRegisters.TranslationFault)) == 0)
                continue;
            FaultHandler?.Invoke(domain, new Iova((high.Value << 32) | low.Value));
            handled = 1;
        }

        yield return DriverStep.Return(handled);
    }

    private IpmmuVmsaInstance InstanceOf(DmaDevice device)
    {
        ArgumentNullException.ThrowIfNull(device);
        var unit = device.Streams[0].Unit;
        if (unit < 0 || unit >= _instances.Length || (_hardware.HasLeaves && _instances[unit].IsRoot))
            throw new DriverException(Errno.EINVAL, $"{device.Name} is behind IPMMU {unit}, there are {_instances.Count(i => !_hardware.HasLeaves || !i.IsRoot)} with micro-TLBs");
        foreach (var binding in device.Streams)
        {
            if (binding.Stream.Value >= (uint)_hardware.MicroTlbs)
                throw new DriverException(Errno.EINVAL, $"micro-TLB {binding.Stream.Value} of {device.Name} is outside the {_hardware.MicroTlbs} of this IPMMU");
        }

        return _instances[unit];
    }
}
