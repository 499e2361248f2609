using Emulator.Hardware.Dma;
using Emulator.Hardware.Drivers;
using Emulator.Hardware.Memory;
using Emulator.Hardware.PageTables;

namespace Emulator.Hardware.Iommus.Omap;

/// <summary>Linux's OMAP driver, of 6.1 and of 6.12.</summary>
/// <remarks>Source: drivers/iommu/omap-iommu.c; line numbers are of 6.1.192 unless they are marked 6.12 (6.12.117).</remarks>
public sealed class OmapDriver : IIommuDriver
{
    private readonly OmapTableWriter _writer;
    private readonly OmapDriverOptions _options;
    private readonly OmapMmu[] _mmus;
    private readonly Dictionary<string, OmapDomain> _attached = new(StringComparer.Ordinal);
    private readonly HashSet<string> _suspended = new(StringComparer.Ordinal);

    /// <summary>Makes the driver.</summary>
    /// <param name="kernel">Whose behaviour.</param>
    /// <param name="hardware">The variant of all MMUs.</param>
    /// <param name="memory">The memory that tables are written to.</param>
    /// <param name="frames">Where tables come from.</param>
    /// <param name="units">MMUs, a multiple of <see cref="OmapHardware.Instances"/>. The DSP_SYSTEM block of each group of them follows on the bus.</param>
    /// <param name="options">What varies.</param>
    public OmapDriver(KernelVersion kernel, OmapHardware hardware, PhysicalMemory memory, IFrameAllocator frames, int units = 1, OmapDriverOptions? options = null)
    {
        ArgumentNullException.ThrowIfNull(hardware);
        ArgumentNullException.ThrowIfNull(memory);
        ArgumentNullException.ThrowIfNull(frames);
        ArgumentOutOfRangeException.ThrowIfLessThan(units, 1);
        ArgumentOutOfRangeException.ThrowIfNotEqual(units % hardware.Instances, 0, nameof(units));
        Kernel = kernel;
        _options = options ?? new OmapDriverOptions();
        _writer = new OmapTableWriter(memory, frames);
        _mmus = [.. Enumerable.Range(0, units).Select(i =>
            new OmapMmu(i, hardware, _options, _writer, units + (i / hardware.Instances), i % hardware.Instances))];
    }

    /// <inheritdoc/>
    public KernelVersion Kernel { get; }

    /// <inheritdoc/>
    public bool HasNativeBlocking => false;

    /// <inheritdoc/>
    /// <remarks>Touches no register: the MMU is asleep until a device is attached.</remarks>
    public IEnumerable<DriverStep> Probe() => [];

    /// <inheritdoc/>
    /// <exception cref="DriverException">EINVAL: it names an MMU that is not there.</exception>
    public IEnumerable<DriverStep> ProbeDevice(DmaDevice device)
    {
        MmusOf(device);
        return [];
    }

    /// <inheritdoc/>
    /// <remarks>Software state only.</remarks>
    public IEnumerable<DriverStep> ReleaseDevice(DmaDevice device) => [];

    /// <inheritdoc/>
    /// <remarks>6.1: UNMANAGED alone. 6.12: any paging type, and the static identity domain.</remarks>
    public IommuDomain AllocateDomain(DomainType type) => type switch
    {
        DomainType.Unmanaged => new OmapDomain(type),
        DomainType.Identity or DomainType.Dma or DomainType.DmaFlushQueue when Kernel == KernelVersion.Linux612 => new OmapDomain(type),
        _ => throw new DriverException(Errno.EINVAL, $"the OMAP driver of {Kernel} has no domain of type {type}"),
    };

    /// <inheritdoc/>
    /// <remarks>A device that is still attached is detached.</remarks>
    public IEnumerable<DriverStep> FreeDomain(IommuDomain domain)
    {
        var own = Own(domain);
        return own.Device == null ? [] : Detach(own, own.Device);
    }

    /// <inheritdoc/>
    /// <remarks>Nothing: tables come with the attach and go with the detach, in both kernels.</remarks>
    public void Finalise(IommuDomain domain, DmaDevice device) => Own(domain);

    /// <inheritdoc/>
    /// <remarks>omap_iommu_attach_dev (:1456). Result: 0; for a domain that has a device already -EBUSY, 6.12 -EINVAL. What the device was attached to before is
    /// not left, and keeps its reference: the MMUs stay active and are not told of the new tables. The core of 6.1 asks for that when an owner attaches from
    /// blocked.</remarks>
    public IEnumerable<DriverStep> Attach(IommuDomain domain, DmaDevice device)
    {
        var own = Own(domain);
        var mmus = MmusOf(device);
        if (!own.IsPaging)
        {
            foreach (var step in _attached.TryGetValue(device.Name, out var previous) ? Detach(previous, device) : [])
                yield return step;
            yield break;
        }

        if (own.Device != null)
        {
            yield return DriverStep.Fail(Kernel == KernelVersion.Linux61 ? Errno.EBUSY : Errno.EINVAL);
            yield break;
        }

        var tables = new OmapPageTable(_writer, mmus.Count);
        own.Open(tables);
        foreach (var (mmu, root) in mmus.Zip(tables.Roots))
        {
            foreach (var step in mmu.Attach(root))
                yield return step;
            mmu.Domain = own;
        }

        own.SetAttached(device, mmus);
        _attached[device.Name] = own;
    }

    /// <inheritdoc/>
    /// <remarks>_omap_iommu_detach_dev (:1520); in 6.12 the attach to the identity domain does the same. A device that is not attached is left alone.</remarks>
    public IEnumerable<DriverStep> Detach(IommuDomain domain, DmaDevice device)
    {
        ArgumentNullException.ThrowIfNull(device);
        var own = Own(domain);
        if (own.Device?.Name != device.Name)
            yield break;
        foreach (var mmu in own.Mmus.Reverse())
        {
            foreach (var step in mmu.Detach())
                yield return step;
            mmu.Domain = null;
        }

        own.Close(_writer);
        if (_attached.GetValueOrDefault(device.Name) == own)
            _attached.Remove(device.Name);
        _suspended.Remove(device.Name);
    }

    /// <inheritdoc/>
    public IEnumerable<DriverStep> Block(DmaDevice device) => throw new DriverException(Errno.EOPNOTSUPP, "the OMAP driver has no blocking domain");

    /// <inheritdoc/>
    /// <remarks>omap_iommu_map (:1321) page by page, as the core calls it. The TLB is flushed before each entry is stored. -EINVAL when no device is
    /// attached.</remarks>
    public IEnumerable<DriverStep> Map(IommuDomain domain, ulong iova, ulong physical, ulong size, Protection protection)
    {
        var own = Own(domain);
        if (((iova | physical | size) & 0xfff) != 0)
        {
            yield return DriverStep.Fail(Errno.EINVAL);
            yield break;
        }

        for (var mapped = 0UL; mapped < size;)
        {
            var (pageSize, _) = DomainPaging.ChoosePage(OmapTableWriter.PageSizes, iova + mapped, physical + mapped, size - mapped);
            var result = 0L;
            foreach (var step in MapPage(own, iova + mapped, physical + mapped, pageSize))
            {
                result = step.Result;
                if (step.Kind != DriverStepKind.Return)
                    yield return step;
            }

            if (result == 0)
            {
                mapped += pageSize;
                continue;
            }

            foreach (var step in Unmap(own, iova, mapped).Where(step => step.Kind != DriverStepKind.Return))
                yield return step;
            yield return DriverStep.Return(result);
            yield break;
        }
    }

    /// <inheritdoc/>
    /// <remarks>omap_iommu_unmap (:1365) page by page: more than asked for where an entry covers more.</remarks>
    public IEnumerable<DriverStep> Unmap(IommuDomain domain, ulong iova, ulong size)
    {
        var own = Own(domain);
        var unmapped = 0UL;
        while (((iova | size) & 0xfff) == 0 && unmapped < size)
        {
            var result = 0L;
            foreach (var step in UnmapPage(own, iova + unmapped))
            {
                result = step.Result;
                if (step.Kind != DriverStepKind.Return)
                    yield return step;
            }

            if (result == 0)
                break;
            unmapped += (ulong)result;
        }

        yield return DriverStep.Return((long)unmapped);
    }

    /// <summary>The driver's map operation of 6.1: one page on every MMU of the domain. Result: 0 or the negative error; then no MMU keeps the page.</summary>
    /// <param name="domain">The domain.</param>
    /// <param name="iova">Input address.</param>
    /// <param name="physical">Output address.</param>
    /// <param name="pageSize">4 KiB, 64 KiB, 1 MiB or 16 MiB; -EINVAL for any other.</param>
    public IEnumerable<DriverStep> MapPage(IommuDomain domain, ulong iova, ulong physical, ulong pageSize)
    {
        var mmus = Own(domain).Mmus;
        var known = (pageSize & OmapTableWriter.PageSizes) == pageSize && ulong.IsPow2(pageSize);
        var result = -(long)Errno.EINVAL;
        var done = 0;
        for (; known && done < mmus.Count; done++)
        {
            foreach (var step in mmus[done].Store((uint)iova, (uint)physical, pageSize))
            {
                result = step.Result;
                if (step.Kind != DriverStepKind.Return)
                    yield return step;
            }

            if (result != 0)
                break;
        }

        while (result != 0 && done-- > 0)
        {
            foreach (var step in mmus[done].Clear((uint)iova).Where(step => step.Kind != DriverStepKind.Return))
                yield return step;
        }

        yield return DriverStep.Return(result);
    }

    /// <summary>The driver's unmap operation: what covers an address, on every MMU of the domain. Result: bytes; 0 when one of them had nothing.</summary>
    public IEnumerable<DriverStep> UnmapPage(IommuDomain domain, ulong iova)
    {
        var (bytes, missing) = (0L, false);
        foreach (var mmu in Own(domain).Mmus)
        {
            foreach (var step in mmu.Clear((uint)iova))
            {
                bytes = step.Result;
                if (step.Kind != DriverStepKind.Return)
                    yield return step;
            }

            missing |= bytes == 0;
        }

        yield return DriverStep.Return(missing ? 0 : bytes);
    }

    /// <inheritdoc/>
    /// <remarks>omap_iommu_domain_activate: the remote processor's driver takes back the references that <see cref="SuspendDevice"/> dropped.</remarks>
    public IEnumerable<DriverStep> ResumeDevice(DmaDevice device)
    {
        ArgumentNullException.ThrowIfNull(device);
        return _suspended.Remove(device.Name) ? _attached[device.Name].Mmus.SelectMany(mmu => mmu.Get()) : [];
    }

    /// <inheritdoc/>
    /// <remarks>omap_iommu_domain_deactivate, in reverse order. Nothing for a device that is not attached.</remarks>
    public IEnumerable<DriverStep> SuspendDevice(DmaDevice device)
    {
        ArgumentNullException.ThrowIfNull(device);
        return _attached.TryGetValue(device.Name, out var domain) && _suspended.Add(device.Name) ? domain.Mmus.Reverse().SelectMany(mmu => mmu.Put()) : [];
    }

    /// <inheritdoc/>
    public IEnumerable<DriverStep> SyncMap(IommuDomain domain, Iova iova, ulong size, InvalidationGather gather) => Flush(domain, gather);

    /// <inheritdoc/>
    public IEnumerable<DriverStep> Sync(IommuDomain domain, InvalidationGather gather) => Flush(domain, gather);

    /// <inheritdoc/>
    /// <remarks>The driver has no such operation: nothing happens.</remarks>
    public IEnumerable<DriverStep> FlushAll(IommuDomain domain) => [];

    /// <inheritdoc/>
    /// <remarks>The handlers of the MMUs whose line is asserted, in turn. Result: 1 when one of them handled something, else 0.</remarks>
    /// <exception cref="KernelBugException">An MMU has no domain any more.</exception>
    public IEnumerable<DriverStep> HandleInterrupt()
    {
        var handled = 0L;
        foreach (var step in _mmus.Where(mmu => _options.InterruptLine?.Invoke(mmu.Unit) != false).SelectMany(mmu => mmu.HandleInterrupt()))
        {
            if (step.Kind == DriverStepKind.Return)
                handled |= step.Result;
            else
                yield return step;
        }

        yield return DriverStep.Return(handled);
    }

    private static OmapDomain Own(IommuDomain domain) => domain as OmapDomain ?? throw new ArgumentException("not a domain of the OMAP driver", nameof(domain));

    private static IEnumerable<DriverStep> Flush(IommuDomain domain, InvalidationGather gather)
    {
        foreach (var request in gather.Requests)
        {
            for (var iova = request.Iova; iova < request.Iova + request.Size; iova += request.Granule)
            {
                foreach (var step in Own(domain).Mmus.SelectMany(mmu => mmu.FlushPage((uint)iova)))
                    yield return step;
            }
        }
    }

    private List<OmapMmu> MmusOf(DmaDevice device)
    {
        ArgumentNullException.ThrowIfNull(device);
        var missing = device.Streams.FirstOrDefault(binding => binding.Unit < 0 || binding.Unit >= _mmus.Length);
        if (missing != default)
            throw new DriverException(Errno.EINVAL, $"{device.Name} is behind MMU {missing.Unit}, there are {_mmus.Length}");
        return [.. device.Streams.Select(binding => _mmus[binding.Unit])];
    }
}
