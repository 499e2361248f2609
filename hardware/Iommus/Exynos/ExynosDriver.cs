using Emulator.Hardware.Dma;
using Emulator.Hardware.Drivers;
using Emulator.Hardware.Memory;
using Emulator.Hardware.PageTables;

namespace Emulator.Hardware.Iommus.Exynos;

/// <summary>Linux's SysMMU driver, of 6.1 and of 6.12.</summary>
/// <remarks>Source: drivers/iommu/exynos-iommu.c; line numbers are of 6.1.192 unless they are marked 6.12 (6.12.117).</remarks>
public sealed class ExynosDriver : IIommuDriver
{
    private readonly PhysicalMemory _memory;
    private readonly IFrameAllocator _frames;
    private readonly ExynosUnit[] _units;
    private readonly ExynosFaultHandler _faults;
    private ulong? _zeroTable;
    private bool? _shifted;

    /// <summary>Makes the driver.</summary>
    /// <param name="kernel">Whose behaviour.</param>
    /// <param name="memory">The memory that tables are written to.</param>
    /// <param name="frames">Where tables come from.</param>
    /// <param name="units">SysMMU instances, at least 1.</param>
    /// <param name="options">What varies.</param>
    public ExynosDriver(KernelVersion kernel, PhysicalMemory memory, IFrameAllocator frames, int units = 1, ExynosDriverOptions? options = null)
    {
        ArgumentNullException.ThrowIfNull(memory);
        ArgumentNullException.ThrowIfNull(frames);
        ArgumentOutOfRangeException.ThrowIfLessThan(units, 1);
        (Kernel, _memory, _frames) = (kernel, memory, frames);
        _units = [.. Enumerable.Range(0, units).Select(index => new ExynosUnit(index))];
        _faults = new ExynosFaultHandler(kernel, options?.FaultHandler);
    }

    /// <inheritdoc/>
    public KernelVersion Kernel { get; }

    /// <inheritdoc/>
    public bool HasNativeBlocking => false;

    /// <inheritdoc/>
    public IEnumerable<DriverStep> Probe()
    {
        Initialise();
        return _units.SelectMany(unit => Probe(unit.Index));
    }

    /// <summary>Module initialisation (exynos_iommu_init): makes the second-level table of zeros. Does nothing when that is done.</summary>
    public void Initialise() => _zeroTable ??= _frames.Allocate(ExynosPageTable.Level2Size);

    /// <summary>Bring-up of one SysMMU (exynos_sysmmu_probe): its version is read, nothing is written. The first one decides on the format of all tables (:717).</summary>
    public IEnumerable<DriverStep> Probe(int unit)
    {
        var version = DriverStep.Read(ExynosRegisters.Version, unit: unit);
        yield return version;
        var sysmmu = _units[unit];
        sysmmu.Version = ExynosVersion.OfRegister((uint)version.Value);
        var virtualMachines = false;
        if (sysmmu.Version.Major >= 7)
        {
            var capability = DriverStep.Read(ExynosRegisters.Capability0, unit: unit);
            yield return capability;
            if ((capability.Value & ExynosRegisters.HasCapability1) != 0)
            {
                capability = DriverStep.Read(ExynosRegisters.Capability1, unit: unit);
                yield return capability;
                virtualMachines = (capability.Value & ExynosRegisters.HasVmRegisters) != 0;
            }
        }

        sysmmu.Layout = ExynosRegisterLayout.Of(sysmmu.Version, virtualMachines);
        _shifted ??= sysmmu.Version.Major >= 5;
    }

    /// <inheritdoc/>
    /// <remarks>exynos_iommu_of_xlate and exynos_iommu_probe_device: software only. Result: 0, or -ENODEV behind a SysMMU that was not probed.</remarks>
    /// <exception cref="DriverException">EINVAL: no such SysMMU, or it has another master.</exception>
    public IEnumerable<DriverStep> ProbeDevice(DmaDevice device)
    {
        ArgumentNullException.ThrowIfNull(device);
        var units = device.Streams.Select(binding => binding.Unit).Distinct().Select(unit => unit >= 0 && unit < _units.Length
            ? _units[unit]
            : throw new DriverException(Errno.EINVAL, $"{device.Name} is behind SysMMU {unit}, there are {_units.Length}")).ToArray();
        if (Array.Find(units, unit => unit.Master is { } other && other.Device != device.Name) is { } taken)
            throw new DriverException(Errno.EINVAL, $"SysMMU {taken.Index} serves {taken.Master!.Device}, it cannot serve {device.Name}");
        if (Array.Exists(units, unit => unit.Layout == null))
        {
            yield return DriverStep.Fail(Errno.ENODEV);
            yield break;
        }

        var master = units[0].Master ?? new ExynosMaster(device.Name, units);
        master.IsLinked = true;
        foreach (var unit in units)
            unit.Master = master;
    }

    /// <inheritdoc/>
    /// <remarks>The driver detaches by itself (exynos_iommu_release_device; 6.12 :1429 attaches the identity domain); sleep and wake-up of the device no longer reach the SysMMUs.</remarks>
    public IEnumerable<DriverStep> ReleaseDevice(DmaDevice device)
    {
        if (MasterOf(device) is not { } master)
            yield break;
        foreach (var step in Leave(master))
            yield return step;
        master.IsLinked = false;
    }

    /// <inheritdoc/>
    /// <exception cref="KernelBugException">No SysMMU was probed yet.</exception>
    public IommuDomain AllocateDomain(DomainType type)
    {
        if (type == DomainType.Identity && Kernel == KernelVersion.Linux612)
            return new ExynosDomain(type, null);
        if (type is not (DomainType.Unmanaged or DomainType.Dma))
            throw new DriverException(Errno.EINVAL, $"the SysMMU driver of {Kernel} has no domain of type {type}");
        if (_shifted is not { } shifted || _zeroTable is not { } zeroTable)
            throw new KernelBugException("BUG_ON in exynos_iommu_domain_alloc: no SysMMU was probed (drivers/iommu/exynos-iommu.c)");
        return new ExynosDomain(type, new ExynosPageTable(_memory, _frames, shifted, zeroTable));
    }

    /// <inheritdoc/>
    /// <remarks>SysMMUs that are still clients are switched off (with a warning). A master that another master's detach dropped from the list is not one any more: its SysMMUs
    /// go on walking the freed tables.</remarks>
    public IEnumerable<DriverStep> FreeDomain(IommuDomain domain)
    {
        var own = Own(domain);
        foreach (var unit in own.Clients.ToArray())
        {
            foreach (var step in ExynosSwitch.Disable(unit))
                yield return step;
        }

        Drop(own);
        own.Free();
    }

    /// <inheritdoc/>
    /// <remarks>Nothing: the table is made with the domain.</remarks>
    public void Finalise(IommuDomain domain, DmaDevice device) => Own(domain);

    /// <inheritdoc/>
    /// <remarks>exynos_iommu_attach_device (:953, 6.12 :1034): the old domain is left first, through CTRL 0. SysMMUs that sleep are programmed when they wake. -ENODEV: the device was
    /// not probed.</remarks>
    public IEnumerable<DriverStep> Attach(IommuDomain domain, DmaDevice device)
    {
        var own = Own(domain);
        if (MasterOf(device) is not { } master)
        {
            yield return DriverStep.Fail(Errno.ENODEV);
            yield break;
        }

        foreach (var step in Leave(master))
            yield return step;
        if (!own.IsPaging)
            yield break;
        foreach (var unit in master.Units)
        {
            unit.Domain = own;
            own.Clients.Add(unit);
        }

        master.Domain = own;
        foreach (var step in master.Units.Where(unit => unit.IsAwake).SelectMany(ExynosSwitch.Enable))
            yield return step;
    }

    /// <inheritdoc/>
    /// <remarks>6.1: exynos_iommu_detach_device (:915), for the domain that the device is attached to; else nothing. 6.12: the attach of the identity domain (6.12 :983), which does the
    /// same.</remarks>
    public IEnumerable<DriverStep> Detach(IommuDomain domain, DmaDevice device)
    {
        if (MasterOf(device) is not { } master || (Kernel == KernelVersion.Linux61 && master.Domain != domain))
            yield break;
        foreach (var step in Leave(master))
            yield return step;
    }

    /// <inheritdoc/>
    public IEnumerable<DriverStep> Block(DmaDevice device) => throw new DriverException(Errno.EOPNOTSUPP, $"the SysMMU driver of {Kernel} has no blocking domain");

    /// <inheritdoc/>
    /// <remarks>The core's iommu_map: page by page. Where a link to the table of zeros is replaced, the SysMMUs are told before the second-level word is stored.</remarks>
    public IEnumerable<DriverStep> Map(IommuDomain domain, ulong iova, ulong physical, ulong size, Protection protection)
    {
        if (Own(domain).Tables is not { } table || ((iova | physical | size) & 0xfff) != 0)
        {
            yield return DriverStep.Fail(Errno.EINVAL);
            yield break;
        }

        var (mapped, failed) = (0UL, 0L);
        while (mapped < size && failed == 0)
        {
            var (page, _) = DomainPaging.ChoosePage(table.PageSizeBitmap, iova + mapped, physical + mapped, size - mapped);
            foreach (var step in MapPage(domain, iova + mapped, physical + mapped, page, protection))
            {
                if (step.Kind == DriverStepKind.Return)
                    failed = step.Result;
                else
                    yield return step;
            }

            mapped += failed == 0 ? page : 0;
        }

        if (failed == 0)
            yield break;
        foreach (var step in Unmap(domain, iova, mapped).Where(step => step.Kind != DriverStepKind.Return))
            yield return step;
        yield return DriverStep.Return(failed);
    }

    /// <summary>Maps one page (exynos_iommu_map, :1152). Result: 0, or the negative error.</summary>
    public IEnumerable<DriverStep> MapPage(IommuDomain domain, ulong iova, ulong physical, ulong pageSize, Protection protection)
    {
        var table = TableOf(domain);
        if (pageSize != ExynosPageTable.Section && table.PrepareLevel2(iova, out var zeroLinkReplaced) == Errno.None && zeroLinkReplaced)
        {
            foreach (var step in ExynosInvalidation.FirstLevel(Own(domain), iova))
                yield return step;
        }

        var result = table.Map(iova, physical, pageSize, 1, protection, new InvalidationGather());
        if (result.Errno != Errno.None)
            yield return DriverStep.Fail(result.Errno);
    }

    /// <inheritdoc/>
    /// <remarks>The core's iommu_unmap: after each page the SysMMUs drop it.</remarks>
    public IEnumerable<DriverStep> Unmap(IommuDomain domain, ulong iova, ulong size)
    {
        var unmapped = 0UL;
        while (Own(domain).Tables is { } table && ((iova | size) & 0xfff) == 0 && unmapped < size)
        {
            var (page, _) = DomainPaging.ChoosePage(table.PageSizeBitmap, iova + unmapped, iova + unmapped, size - unmapped);
            var done = 0UL;
            foreach (var step in UnmapPage(domain, iova + unmapped, page))
            {
                if (step.Kind == DriverStepKind.Return)
                    done = (ulong)step.Result;
                else
                    yield return step;
            }

            if (done == 0)
                break;
            unmapped += done;
        }

        yield return DriverStep.Return((long)unmapped);
    }

    /// <summary>Unmaps one page (exynos_iommu_unmap, :1208). Result: bytes unmapped.</summary>
    public IEnumerable<DriverStep> UnmapPage(IommuDomain domain, ulong iova, ulong pageSize)
    {
        var size = TableOf(domain).Unmap(iova, pageSize, 1, new InvalidationGather());
        if (size != 0)
        {
            foreach (var step in ExynosInvalidation.Page(Own(domain), iova, size))
                yield return step;
        }

        yield return DriverStep.Return((long)size);
    }

    /// <inheritdoc/>
    /// <remarks>The kernel has no such callback: this is for mappings that were made beside the driver.</remarks>
    public IEnumerable<DriverStep> SyncMap(IommuDomain domain, Iova iova, ulong size, InvalidationGather gather) => ExynosInvalidation.Of(Own(domain), gather);

    /// <inheritdoc/>
    /// <remarks>The kernel has no such callback: this is for mappings that were removed beside the driver.</remarks>
    public IEnumerable<DriverStep> Sync(IommuDomain domain, InvalidationGather gather) => ExynosInvalidation.Of(Own(domain), gather);

    /// <inheritdoc/>
    /// <remarks>The driver has no such callback: nothing is flushed.</remarks>
    public IEnumerable<DriverStep> FlushAll(IommuDomain domain) => [];

    /// <inheritdoc/>
    /// <remarks>The SysMMUs of the device wake with it. One that believes in a domain is enabled.</remarks>
    public IEnumerable<DriverStep> ResumeDevice(DmaDevice device) => MasterOf(device) is { IsLinked: true } master ? master.Units.SelectMany(Resume) : [];

    /// <inheritdoc/>
    /// <remarks>The SysMMUs of the device sleep with it: CTRL 0, CFG 0 where there is a domain.</remarks>
    public IEnumerable<DriverStep> SuspendDevice(DmaDevice device) => MasterOf(device) is { IsLinked: true } master ? master.Units.SelectMany(Suspend) : [];

    /// <inheritdoc/>
    /// <remarks>Each SysMMU has a line of its own; one without a fault is only asked. Result: 1 when there was one to handle, else 0.</remarks>
    public IEnumerable<DriverStep> HandleInterrupt()
    {
        var handled = 0L;
        foreach (var step in _units.Where(unit => unit.Layout != null).SelectMany(_faults.Handle))
        {
            if (step.Kind == DriverStepKind.Return)
                handled |= step.Result;
            else
                yield return step;
        }

        yield return DriverStep.Return(handled);
    }

    private static ExynosDomain Own(IommuDomain domain) => domain as ExynosDomain ?? throw new ArgumentException("not a domain of the SysMMU driver", nameof(domain));

    private static ExynosPageTable TableOf(IommuDomain domain) =>
        Own(domain).Tables ?? throw new DriverException(Errno.EINVAL, $"a domain of type {domain.Type} has no page table");

    private static void Drop(ExynosDomain domain)
    {
        foreach (var unit in domain.Clients)
            unit.Domain = null;
        domain.Clients.Clear();
    }

    private static IEnumerable<DriverStep> Resume(ExynosUnit unit)
    {
        if (!unit.IsAwake && unit.Domain != null)
        {
            foreach (var step in ExynosSwitch.Enable(unit))
                yield return step;
        }

        unit.IsAwake = true;
    }

    private static IEnumerable<DriverStep> Suspend(ExynosUnit unit)
    {
        if (unit.IsAwake && unit.Domain != null)
        {
            foreach (var step in ExynosSwitch.Disable(unit))
                yield return step;
        }

        unit.IsAwake = false;
    }

    // The hardware of this master is switched off, then all clients of the domain are forgotten, those of other masters too: their hardware goes on
    // translating, unmaps no longer flush it and it no longer sleeps and wakes with its device (:937-943, 6.12 :1008-1014).
    private static IEnumerable<DriverStep> Leave(ExynosMaster master)
    {
        if (master.Domain is not { } domain)
            yield break;
        foreach (var step in master.Units.Where(unit => unit.IsAwake).SelectMany(ExynosSwitch.Disable))
            yield return step;
        Drop(domain);
        master.Domain = null;
    }

    private ExynosMaster? MasterOf(DmaDevice device)
    {
        ArgumentNullException.ThrowIfNull(device);
        var unit = device.Streams[0].Unit;
        return unit >= 0 && unit < _units.Length && _units[unit].Master is { } master && master.Device == device.Name ? master : null;
    }
}
