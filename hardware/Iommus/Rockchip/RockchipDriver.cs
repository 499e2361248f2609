using Emulator.Hardware.Dma;
using Emulator.Hardware.Drivers;
using Emulator.Hardware.Memory;
using Emulator.Hardware.PageTables;

namespace Emulator.Hardware.Iommus.Rockchip;

/// <summary>Linux's driver of the Rockchip IOMMU, of 6.1 and of 6.12.</summary>
/// <remarks>
/// Source: drivers/iommu/rockchip-iommu.c; line numbers are of 6.1.192 unless they are marked 6.12 (6.12.117). An instance serves one master and sleeps with it: what is
/// attached while it sleeps is programmed when it resumes (<see cref="ResumeDevice"/>).
/// </remarks>
public sealed class RockchipDriver : IIommuDriver
{
    private readonly RockchipHardware _hardware;
    private readonly PhysicalMemory _memory;
    private readonly IFrameAllocator _frames;
    private readonly RockchipDriverOptions _options;
    private readonly RockchipInstance[] _instances;

    /// <summary>Makes the driver.</summary>
    /// <param name="kernel">Whose behaviour.</param>
    /// <param name="hardware">The version of all instances: the kernel refuses a mixture.</param>
    /// <param name="memory">The memory that tables are written to.</param>
    /// <param name="frames">Where tables come from.</param>
    /// <param name="instances">Instances, at least 1; the banks of one have consecutive unit numbers.</param>
    /// <param name="options">What varies.</param>
    public RockchipDriver(
        KernelVersion kernel, RockchipHardware hardware, PhysicalMemory memory, IFrameAllocator frames, int instances = 1, RockchipDriverOptions? options = null)
    {
        ArgumentNullException.ThrowIfNull(hardware);
        ArgumentNullException.ThrowIfNull(memory);
        ArgumentNullException.ThrowIfNull(frames);
        ArgumentOutOfRangeException.ThrowIfLessThan(instances, 1);
        (Kernel, _hardware, _memory, _frames) = (kernel, hardware, memory, frames);
        _options = options ?? new RockchipDriverOptions();
        ArgumentOutOfRangeException.ThrowIfLessThan(_options.Banks, 1, nameof(options));
        _instances = [.. Enumerable.Range(0, instances).Select(i => new RockchipInstance(new RockchipBanks(kernel, hardware, _options, i * _options.Banks)))];
    }

    /// <inheritdoc/>
    public KernelVersion Kernel { get; }

    /// <inheritdoc/>
    public bool HasNativeBlocking => false;

    /// <inheritdoc/>
    /// <remarks>No register is touched.</remarks>
    public IEnumerable<DriverStep> Probe() => [];

    /// <inheritdoc/>
    /// <remarks>A link for power management. Nothing is programmed.</remarks>
    public IEnumerable<DriverStep> ProbeDevice(DmaDevice device)
    {
        InstanceOf(device);
        return [];
    }

    /// <inheritdoc/>
    /// <remarks>The link is removed (6.12 :1158) and nothing else: the silicon keeps what it was told. An instance that was awake for this device has no user any more, so power management
    /// puts it to sleep some time later; <see cref="SuspendDevice"/> is that moment.</remarks>
    public IEnumerable<DriverStep> ReleaseDevice(DmaDevice device) => [];

    /// <inheritdoc/>
    /// <remarks>The directory is allocated with the domain. 6.12 has an identity domain as well.</remarks>
    public IommuDomain AllocateDomain(DomainType type) => type switch
    {
        DomainType.Unmanaged or DomainType.Dma => new RockchipDomain(type, new RockchipPageTable(_memory, _frames, _hardware)),
        DomainType.Identity when Kernel == KernelVersion.Linux612 => new RockchipDomain(type, null),
        _ => throw new DriverException(Errno.EINVAL, $"the Rockchip driver of {Kernel} has no domain of type {type}"),
    };

    /// <inheritdoc/>
    /// <remarks>Tables are freed whether or not an instance still walks them.</remarks>
    public IEnumerable<DriverStep> FreeDomain(IommuDomain domain)
    {
        Own(domain).Free();
        return [];
    }

    /// <inheritdoc/>
    /// <remarks>Nothing: the table was made with the domain.</remarks>
    public void Finalise(IommuDomain domain, DmaDevice device)
    {
        Own(domain);
        InstanceOf(device);
    }

    /// <inheritdoc/>
    /// <remarks>6.1 :995; 6.12 :1031. What the instance was attached to before is left first: paging is off, and DMA passes, until it is on again with the new directory.</remarks>
    public IEnumerable<DriverStep> Attach(IommuDomain domain, DmaDevice device)
    {
        var own = Own(domain);
        var instance = InstanceOf(device);
        if (instance.Domain == own)
            yield break;
        foreach (var step in instance.Leave())
            yield return step;
        if (!own.IsPaging)
            yield break;
        instance.Domain = own;
        own.Instances.Add(instance);
        if (!instance.IsInUse)
            yield break;
        foreach (var step in instance.Banks.Enable(own.Directory))
            yield return step;
        var error = instance.Banks.Error;
        if (error == Errno.None)
            yield break;
        foreach (var step in instance.Leave())
            yield return step;
        yield return DriverStep.Fail(error);
    }

    /// <inheritdoc/>
    /// <remarks>6.1 :962, nothing for a domain that the instance is not attached to. 6.12: the attach of the identity domain (:981), which takes the same steps.</remarks>
    public IEnumerable<DriverStep> Detach(IommuDomain domain, DmaDevice device)
    {
        var own = Own(domain);
        var instance = InstanceOf(device);
        return Kernel == KernelVersion.Linux61 && instance.Domain != own ? [] : instance.Leave();
    }

    /// <inheritdoc/>
    public IEnumerable<DriverStep> Block(DmaDevice device) => throw new DriverException(Errno.EOPNOTSUPP, "the Rockchip driver has no blocking domain");

    /// <inheritdoc/>
    /// <remarks>Runtime resume: an instance with a domain is programmed. Result: the error of that; the instance then stays asleep.</remarks>
    public IEnumerable<DriverStep> ResumeDevice(DmaDevice device)
    {
        var instance = InstanceOf(device);
        if (!instance.Users.Add(device.Name) || instance.IsInUse)
            yield break;
        instance.IsInUse = true;
        if (instance.Domain is not { } domain)
            yield break;
        foreach (var step in instance.Banks.Enable(domain.Directory))
            yield return step;
        if (instance.Banks.Error == Errno.None)
            yield break;
        instance.IsInUse = false;
        instance.Users.Remove(device.Name);
        yield return DriverStep.Fail(instance.Banks.Error);
    }

    /// <inheritdoc/>
    /// <remarks>Runtime suspend: paging goes off, as at the detach.</remarks>
    public IEnumerable<DriverStep> SuspendDevice(DmaDevice device)
    {
        var instance = InstanceOf(device);
        if (!instance.Users.Remove(device.Name) || instance.Users.Count > 0)
            yield break;
        if (instance.Domain != null)
        {
            foreach (var step in instance.Banks.Disable())
                yield return step;
        }

        instance.IsInUse = false;
    }

    /// <inheritdoc/>
    /// <remarks>Block by block, each followed by the invalidation of its first and last page.</remarks>
    public IEnumerable<DriverStep> Map(IommuDomain domain, ulong iova, ulong physical, ulong size, Protection protection)
    {
        if (Own(domain).Tables is not { } table || ((iova | physical | size) & (RockchipPageTable.PageSize - 1)) != 0)
        {
            yield return DriverStep.Fail(Errno.EINVAL);
            yield break;
        }

        for (var mapped = 0UL; mapped < size;)
        {
            var (block, _) = DomainPaging.ChoosePage(table.PageSizeBitmap, iova + mapped, physical + mapped, size - mapped);
            DriverStep? result = null;
            foreach (var step in MapBlock(domain, iova + mapped, physical + mapped, block, protection))
            {
                if (step.Kind == DriverStepKind.Return)
                    result = step;
                else
                    yield return step;
            }

            if (result == null)
            {
                mapped += block;
                continue;
            }

            foreach (var step in Unmap(domain, iova, mapped).Where(step => step.Kind != DriverStepKind.Return))
                yield return step;
            yield return result;
            yield break;
        }
    }

    /// <summary>The driver's map operation (:819): one block.</summary>
    /// <param name="domain">A paging domain.</param>
    /// <param name="iova">First input address.</param>
    /// <param name="physical">First output address.</param>
    /// <param name="size">4 KiB to 4 MiB, a power of two.</param>
    /// <param name="protection">What is allowed.</param>
    /// <returns>Steps; the result is 0, -EADDRINUSE or -ENOMEM.</returns>
    public IEnumerable<DriverStep> MapBlock(IommuDomain domain, ulong iova, ulong physical, ulong size, Protection protection)
    {
        var gather = new InvalidationGather();
        var result = Table(domain).Map(iova, physical, size, 1, protection, gather);
        return result.Errno == Errno.None ? SyncMap(domain, new Iova(iova), size, gather) : [DriverStep.Fail(result.Errno)];
    }

    /// <inheritdoc/>
    /// <remarks>Block by block, each followed by the invalidation of all its pages.</remarks>
    public IEnumerable<DriverStep> Unmap(IommuDomain domain, ulong iova, ulong size)
    {
        var unmapped = 0UL;
        while (Own(domain).Tables is { } table && ((iova | size) & (RockchipPageTable.PageSize - 1)) == 0 && unmapped < size)
        {
            var (block, _) = DomainPaging.ChoosePage(table.PageSizeBitmap, iova + unmapped, iova + unmapped, size - unmapped);
            var done = 0UL;
            foreach (var step in UnmapBlock(domain, iova + unmapped, block))
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

    /// <summary>The driver's unmap operation (:857): one block, up to the first page that is not mapped.</summary>
    /// <returns>Steps; the result is the bytes unmapped.</returns>
    public IEnumerable<DriverStep> UnmapBlock(IommuDomain domain, ulong iova, ulong size)
    {
        var gather = new InvalidationGather();
        var unmapped = Table(domain).Unmap(iova, size, 1, gather);
        return Sync(domain, gather).Append(DriverStep.Return((long)unmapped));
    }

    /// <inheritdoc/>
    /// <remarks>The first and the last page only (rk_iommu_zap_iova_first_last).</remarks>
    public IEnumerable<DriverStep> SyncMap(IommuDomain domain, Iova iova, ulong size, InvalidationGather gather)
    {
        const ulong Page = RockchipPageTable.PageSize;
        return size > Page ? Zap(domain, iova.Value, Page).Concat(Zap(domain, iova.Value + size - Page, Page)) : Zap(domain, iova.Value, size);
    }

    /// <inheritdoc/>
    /// <remarks>The driver has no such operation: it invalidates within unmap.</remarks>
    public IEnumerable<DriverStep> Sync(IommuDomain domain, InvalidationGather gather)
    {
        ArgumentNullException.ThrowIfNull(gather);
        return gather.Requests.SelectMany(request => Zap(domain, request.Iova, request.Size));
    }

    /// <inheritdoc/>
    /// <remarks>The driver has no such operation.</remarks>
    public IEnumerable<DriverStep> FlushAll(IommuDomain domain) => [];

    /// <inheritdoc/>
    /// <remarks>The handlers of all instances in turn; one that sleeps has none. Result: 1 when one had something to handle, else 0.</remarks>
    public IEnumerable<DriverStep> HandleInterrupt()
    {
        var handled = 0L;
        foreach (var instance in _instances.Where(instance => instance.IsInUse))
        {
            foreach (var step in instance.Banks.HandleInterrupt((iova, write) =>
                instance.Domain?.FaultHandler?.Invoke(new Iova(iova), write ? DmaAccess.Write : DmaAccess.Read)))
            {
                if (step.Kind == DriverStepKind.Return)
                    handled |= step.Result;
                else
                    yield return step;
            }
        }

        yield return DriverStep.Return(handled);
    }

    private static RockchipDomain Own(IommuDomain domain) => domain as RockchipDomain ?? throw new ArgumentException("a domain of another driver", nameof(domain));

    private static RockchipPageTable Table(IommuDomain domain) =>
        Own(domain).Tables ?? throw new DriverException(Errno.EINVAL, $"a domain of type {domain.Type} has no page table");

    // Every instance of the domain that is awake.
    private static IEnumerable<DriverStep> Zap(IommuDomain domain, ulong iova, ulong size) =>
        Own(domain).Instances.Where(instance => instance.IsInUse).SelectMany(instance => instance.Banks.Zap(iova, size));

    private RockchipInstance InstanceOf(DmaDevice device)
    {
        ArgumentNullException.ThrowIfNull(device);
        var instance = device.Streams[0].Unit / _options.Banks;
        if (device.Streams[0].Unit < 0 || instance >= _instances.Length || device.Streams.Any(binding => binding.Unit / _options.Banks != instance))
            throw new DriverException(Errno.EINVAL, $"{device.Name} is not behind one of the {_instances.Length} instances of {_options.Banks} banks");
        return _instances[instance];
    }
}
