using System.Numerics;
using Emulator.Hardware.Dma;
using Emulator.Hardware.Drivers;
using Emulator.Hardware.Memory;
using Emulator.Hardware.PageTables;

namespace Emulator.Hardware.Iommus.Sun50i;

/// <summary>Linux's driver of the H6 and H616 IOMMU, of 6.1 and of 6.12. There is one domain at a time, for all masters.</summary>
/// <remarks>Source: drivers/iommu/sun50i-iommu.c; line numbers are of 6.1.y unless they are marked 6.12.</remarks>
public sealed class Sun50iDriver : IIommuDriver
{
    private readonly PhysicalMemory _memory;
    private readonly IFrameAllocator _frames;
    private readonly Sun50iDriverOptions _options;
    private readonly Sun50iInvalidation _invalidation;
    private readonly HashSet<string> _devices = new(StringComparer.Ordinal);
    private readonly Sun50iDomain? _identity;

    // iommu->domain: what the driver believes to be installed. It keeps a domain that was freed.
    private Sun50iDomain? _domain;
    private bool _released;
    private int _clocks;

    /// <summary>Makes the driver.</summary>
    /// <param name="kernel">Whose behaviour.</param>
    /// <param name="memory">The memory that tables are written to.</param>
    /// <param name="frames">Where tables come from.</param>
    /// <param name="options">What varies.</param>
    public Sun50iDriver(KernelVersion kernel, PhysicalMemory memory, IFrameAllocator frames, Sun50iDriverOptions? options = null)
    {
        ArgumentNullException.ThrowIfNull(memory);
        ArgumentNullException.ThrowIfNull(frames);
        (Kernel, _memory, _frames, _options) = (kernel, memory, frames, options ?? new Sun50iDriverOptions());
        _invalidation = new Sun50iInvalidation(_options.BusyReads);
        // 6.12 starts with the identity domain (6.12 :1005); 6.1 with none.
        _identity = kernel == KernelVersion.Linux612 ? new Sun50iDomain(DomainType.Identity, null) : null;
        _domain = _identity;
    }

    /// <inheritdoc/>
    public KernelVersion Kernel { get; }

    /// <inheritdoc/>
    public bool HasNativeBlocking => false;

    /// <inheritdoc/>
    /// <remarks>No register is touched: the block stays in reset, its clock off, until the first attach.</remarks>
    public IEnumerable<DriverStep> Probe() => [];

    /// <inheritdoc/>
    /// <remarks>Software only. All devices are in one group (:1002).</remarks>
    public IEnumerable<DriverStep> ProbeDevice(DmaDevice device)
    {
        ArgumentNullException.ThrowIfNull(device);
        _devices.Add(device.Name);
        yield break;
    }

    /// <inheritdoc/>
    /// <remarks>Neither kernel's driver has such an operation: whatever is installed stays.</remarks>
    public IEnumerable<DriverStep> ReleaseDevice(DmaDevice device) => [];

    /// <inheritdoc/>
    public IommuDomain AllocateDomain(DomainType type)
    {
        if (type == DomainType.Identity && _identity is { } identity)
            return identity;
        if (type is not (DomainType.Unmanaged or DomainType.Dma))
            throw new DriverException(Errno.EINVAL, $"the sun50i driver of {Kernel} has no domain of type {type}");
        return new Sun50iDomain(type, new Sun50iPageTable(Kernel, _memory, _frames));
    }

    /// <inheritdoc/>
    /// <remarks>The directory goes back to the allocator whether TTB points to it or not (:702). The page tables are lost.</remarks>
    public IEnumerable<DriverStep> FreeDomain(IommuDomain domain)
    {
        Own(domain).Free();
        yield break;
    }

    /// <inheritdoc/>
    /// <remarks>Nothing: the table is made with the domain.</remarks>
    public void Finalise(IommuDomain domain, DmaDevice device) => Own(domain);

    /// <inheritdoc/>
    /// <remarks>sun50i_iommu_attach_device (:776; 6.12 :790). A domain that is installed already costs a reference and nothing else. The result of the enable sequence is dropped.
    /// -ENODEV: the device was not probed.</remarks>
    /// <exception cref="KernelBugException">The installed domain was freed, and this attach drops its last reference.</exception>
    public IEnumerable<DriverStep> Attach(IommuDomain domain, DmaDevice device)
    {
        var own = Own(domain);
        ArgumentNullException.ThrowIfNull(device);
        if (!_devices.Contains(device.Name))
        {
            yield return DriverStep.Fail(Errno.ENODEV);
            yield break;
        }

        if (own == _identity)
        {
            foreach (var step in AttachIdentity())
                yield return step;
            yield break;
        }

        own.References.Take();
        if (_domain == own)
            yield break;
        foreach (var step in Kernel == KernelVersion.Linux612 ? AttachIdentity() : _domain == null ? [] : Drop(_domain))
            yield return step;
        (_domain, own.HasIommu) = (own, true);
        foreach (var step in Enable(own))
            yield return step;
    }

    /// <inheritdoc/>
    /// <remarks>6.1: sun50i_iommu_detach_device (:761). 6.12: the attach of the identity domain (6.12 :771). Both drop one reference, and a domain with a device has two: no register
    /// is written.</remarks>
    public IEnumerable<DriverStep> Detach(IommuDomain domain, DmaDevice device)
    {
        var own = Own(domain);
        var steps = Kernel == KernelVersion.Linux612 ? AttachIdentity() : _domain == own ? Drop(own) : [];
        foreach (var step in steps)
            yield return step;
    }

    /// <inheritdoc/>
    public IEnumerable<DriverStep> Block(DmaDevice device) => throw new DriverException(Errno.EOPNOTSUPP, $"the sun50i driver of {Kernel} has no blocking domain");

    /// <inheritdoc/>
    /// <remarks>sun50i_iommu_iotlb_sync_map. Before the first attach the kernel follows a null pointer here; this does nothing.</remarks>
    public IEnumerable<DriverStep> SyncMap(IommuDomain domain, Iova iova, ulong size, InvalidationGather gather) =>
        Own(domain).HasIommu ? _invalidation.Range(iova.Value, size) : [];

    /// <inheritdoc/>
    /// <remarks>Everything is flushed, whatever was unmapped (:417).</remarks>
    public IEnumerable<DriverStep> Sync(IommuDomain domain, InvalidationGather gather) => FlushAll(domain);

    /// <inheritdoc/>
    public IEnumerable<DriverStep> FlushAll(IommuDomain domain) => Own(domain).HasIommu ? _invalidation.All() : [];

    /// <inheritdoc/>
    /// <remarks>sun50i_iommu_irq (:945): one fault is reported, all are cleared, and the micro TLBs of the masters to blame are reset. Result: 1, or 0 when nothing is
    /// pending that the driver knows.</remarks>
    public IEnumerable<DriverStep> HandleInterrupt()
    {
        var status = DriverStep.Read(Sun50iRegisters.InterruptStatus);
        yield return status;
        if ((status.Value & Sun50iRegisters.AllInterrupts) == 0)
        {
            yield return DriverStep.Return(0);
            yield break;
        }

        var blameL1 = DriverStep.Read(Sun50iRegisters.BlameL1);
        yield return blameL1;
        var blameL2 = DriverStep.Read(Sun50iRegisters.BlameL2);
        yield return blameL2;
        var invalidL2 = (status.Value & (1UL << Sun50iRegisters.InvalidL2Bit)) != 0;
        var report = invalidL2 ? Invalid(Sun50iRegisters.ErrorAddressL2, Sun50iRegisters.BlameL2)
            : (status.Value & (1UL << Sun50iRegisters.InvalidL1Bit)) != 0 ? Invalid(Sun50iRegisters.ErrorAddressL1, Sun50iRegisters.BlameL1)
            : Denied();
        foreach (var step in report)
            yield return step;
        yield return DriverStep.Write(Sun50iRegisters.InterruptClear, status.Value);
        var masters = (uint)(status.Value | blameL1.Value | blameL2.Value) & Sun50iRegisters.Masters;
        yield return DriverStep.Write(Sun50iRegisters.Reset, ~masters);
        yield return DriverStep.Write(Sun50iRegisters.Reset, Sun50iRegisters.ReleaseAll);
        yield return DriverStep.Return(1);
    }

    private static Sun50iDomain Own(IommuDomain domain) => domain as Sun50iDomain ?? throw new ArgumentException("not a domain of the sun50i driver", nameof(domain));

    // The direction is a guess.
    private IEnumerable<DriverStep> Invalid(ulong addressRegister, ulong blameRegister)
    {
        var address = DriverStep.Read(addressRegister);
        yield return address;
        yield return DriverStep.Read(blameRegister);
        foreach (var step in Report(address.Value, DmaAccess.Read))
            yield return step;
    }

    // The direction is told by what the page's authority was meant to deny.
    private IEnumerable<DriverStep> Denied()
    {
        var blame = DriverStep.Read(Sun50iRegisters.InterruptStatus);
        yield return blame;
        var master = (ulong)BitOperations.Log2(blame.Value & Sun50iRegisters.Masters);
        var address = DriverStep.Read(Sun50iRegisters.ErrorAddress + (4 * master));
        yield return address;
        var word = DriverStep.Read(Sun50iRegisters.ErrorData + (4 * master));
        yield return word;
        var authority = (Sun50iAuthority)((word.Value >> 4) & 0xf);
        foreach (var step in Report(address.Value, authority == Sun50iAuthority.Read ? DmaAccess.Write : DmaAccess.Read))
            yield return step;
    }

    private IEnumerable<DriverStep> Report(ulong iova, DmaAccess access)
    {
        if (_domain != null)
            _options.FaultHandler?.Invoke(iova, access);
        return _invalidation.Range(iova, 0x1000);
    }

    // sun50i_iommu_identity_attach (6.12 :771).
    private IEnumerable<DriverStep> AttachIdentity()
    {
        if (_domain == _identity)
            return [];
        return _domain is { } domain
            ? Drop(domain)
            : throw new KernelBugException("NULL pointer in sun50i_iommu_identity_attach: no domain is installed (6.12 drivers/iommu/sun50i-iommu.c:782)");
    }

    private IEnumerable<DriverStep> Drop(Sun50iDomain domain)
    {
        if (!domain.References.Drop())
            yield break;
        // sun50i_iommu_detach_domain (:728): the page tables go back while the hardware still walks them.
        if (domain.IsFreed)
            throw new KernelBugException("use after free in sun50i_iommu_detach_domain: the installed domain was freed (drivers/iommu/sun50i-iommu.c:728)");
        domain.Tables!.FreePageTables();
        yield return DriverStep.Write(Sun50iRegisters.Enable, 0);
        yield return DriverStep.Write(Sun50iRegisters.TableBase, 0);
        foreach (var step in PowerDown())
            yield return step;
        _domain = null;
    }

    // sun50i_iommu_enable (:430).
    private IEnumerable<DriverStep> Enable(Sun50iDomain domain)
    {
        _released = true;
        yield return Gate();
        if (_clocks++ == 0)
            yield return Gate();
        yield return DriverStep.Write(Sun50iRegisters.TableBase, (uint)domain.Tables!.Root);
        yield return DriverStep.Write(Sun50iRegisters.TlbPrefetch, Sun50iRegisters.Masters);
        yield return DriverStep.Write(Sun50iRegisters.Bypass, 0);
        yield return DriverStep.Write(Sun50iRegisters.InterruptEnable, Sun50iRegisters.AllInterrupts);
        yield return Authority(Sun50iAuthority.None, reads: true, writes: true);
        yield return Authority(Sun50iAuthority.Read, reads: false, writes: true);
        // The same word: the authority for reads gets its writes back.
        yield return Authority(Sun50iAuthority.Write, reads: true, writes: false);
        DriverStep? last = null;
        foreach (var step in _invalidation.All())
            yield return last = step;
        if (last!.Value != 0)
        {
            foreach (var step in PowerDown())
                yield return step;
            yield break;
        }

        yield return DriverStep.Write(Sun50iRegisters.AutoGating, 1);
        yield return DriverStep.Write(Sun50iRegisters.Enable, 1);
    }

    // The clock is counted, the reset line is not.
    private IEnumerable<DriverStep> PowerDown()
    {
        if (--_clocks == 0)
            yield return Gate();
        _released = false;
        yield return Gate();
    }

    private DriverStep Gate() =>
        DriverStep.Write(Sun50iRegisters.BusGateReset, (_released ? Sun50iRegisters.ResetReleased : 0) | (_clocks > 0 ? Sun50iRegisters.ClockOn : 0));

    private static DriverStep Authority(Sun50iAuthority authority, bool reads, bool writes)
    {
        var denied = 0u;
        for (var master = 0; master < 6; master++)
            denied |= ((reads ? 1u : 0) | (writes ? 2u : 0)) << (2 * master);
        return DriverStep.Write(Sun50iRegisters.Authority + (4 * ((ulong)authority / 2)), denied << (16 * ((int)authority % 2)));
    }
}
