using Emulator.Hardware.Dma;
using Emulator.Hardware.Drivers;
using Emulator.Hardware.Memory;
using Emulator.Hardware.PageTables;

namespace Emulator.Hardware.Iommus.TegraSmmu;

/// <summary>Linux's driver of the Tegra SMMU, of 6.1 and of 6.12. A device's streams are its memory clients; what the device tree says of them, their swgroups, follows
/// from the chip's tables.</summary>
/// <remarks>Source: drivers/iommu/tegra-smmu.c; line numbers are of 6.1.192 unless they are marked 6.12 (6.12.117). The register sequences of both are the same.</remarks>
public sealed class TegraSmmuDriver : IIommuDriver
{
    private const ulong Page = 1UL << TegraSmmuEntry.PageShift;

    private readonly TegraSmmuHardware _hardware;
    private readonly PhysicalMemory _memory;
    private readonly IFrameAllocator _frames;
    private readonly IdentifierPool _asids;
    private readonly TegraSmmuFlush _flush;
    private readonly Dictionary<string, TegraSmmuDomain> _attached = new(StringComparer.Ordinal);

    /// <summary>Makes the driver.</summary>
    /// <param name="kernel">Whose behaviour.</param>
    /// <param name="hardware">The chip.</param>
    /// <param name="memory">The memory that tables are written to.</param>
    /// <param name="frames">Where tables come from.</param>
    public TegraSmmuDriver(KernelVersion kernel, TegraSmmuHardware hardware, PhysicalMemory memory, IFrameAllocator frames)
    {
        ArgumentNullException.ThrowIfNull(hardware);
        ArgumentNullException.ThrowIfNull(memory);
        ArgumentNullException.ThrowIfNull(frames);
        (Kernel, _hardware, _memory, _frames) = (kernel, hardware, memory, frames);
        _asids = new IdentifierPool(0, hardware.Asids - 1);
        _flush = new TegraSmmuFlush(hardware);
    }

    /// <inheritdoc/>
    public KernelVersion Kernel { get; }

    /// <inheritdoc/>
    public bool HasNativeBlocking => false;

    /// <summary>The type of default domain that the driver asks for (6.12 :983); null: 6.1 makes none, the DMA API passes physical addresses.</summary>
    public DomainType? DefaultDomainType => Kernel == KernelVersion.Linux612 ? DomainType.Identity : null;

    /// <inheritdoc/>
    /// <remarks>The memory controller's own driver unmasks its interrupts first (drivers/memory/tegra/mc.c, tegra_mc_probe).</remarks>
    public IEnumerable<DriverStep> Probe() => [DriverStep.Write(TegraSmmuRegisters.InterruptMask, _hardware.Interrupts), .. ProbeSmmu()];

    /// <summary>Bring-up of the SMMU by itself (tegra_smmu_probe, :1071). Neither gates nor swgroups are touched: every client stays untranslated. The AHB's own switch
    /// is outside this block.</summary>
    public IEnumerable<DriverStep> ProbeSmmu() =>
    [
        DriverStep.Write(TegraSmmuRegisters.PtcConfig, TegraSmmuRegisters.EncodePtcConfig(_hardware)),
        DriverStep.Write(TegraSmmuRegisters.TlbConfig, TegraSmmuRegisters.EncodeTlbConfig(_hardware)),
        DriverStep.Write(TegraSmmuRegisters.PtcFlush, 0),
        DriverStep.Write(TegraSmmuRegisters.TlbFlush, 0),
        DriverStep.Write(TegraSmmuRegisters.Config, TegraSmmuRegisters.ConfigEnable),
        TegraSmmuFlush.Barrier,
    ];

    /// <inheritdoc/>
    public IEnumerable<DriverStep> ProbeDevice(DmaDevice device) => [];

    /// <inheritdoc/>
    /// <remarks>The registers stay as they are.</remarks>
    public IEnumerable<DriverStep> ReleaseDevice(DmaDevice device) => [];

    /// <summary>The group of a device (tegra_smmu_device_group): that of its first swgroup, which some swgroups share.</summary>
    /// <returns>The group's name; null for a device whose first client is in no swgroup: a group of its own.</returns>
    public string? GroupOf(DmaDevice device)
    {
        ArgumentNullException.ThrowIfNull(device);
        var name = _hardware.SwgroupOf(device.Stream.Value)?.Name;
        return name != null && _hardware.SharedGroup.Contains(name, StringComparer.Ordinal) ? _hardware.SharedGroupName : name;
    }

    /// <inheritdoc/>
    public IommuDomain AllocateDomain(DomainType type) => type switch
    {
        DomainType.Unmanaged => MakePaging(type),
        DomainType.Dma or DomainType.DmaFlushQueue when Kernel == KernelVersion.Linux612 => MakePaging(type),
        DomainType.Identity when Kernel == KernelVersion.Linux612 => new TegraSmmuDomain(type, null),
        _ => throw new DriverException(Errno.EINVAL, $"the Tegra SMMU driver of {Kernel} has no domain of type {type}"),
    };

    /// <inheritdoc/>
    /// <remarks>No table is freed and no ASID given back (tegra_smmu_domain_free, :308).</remarks>
    public IEnumerable<DriverStep> FreeDomain(IommuDomain domain) => [];

    /// <inheritdoc/>
    /// <remarks>The directory is there from the start. A domain that knows its SMMU can be mapped before it is attached, which the kernel cannot do.</remarks>
    public void Finalise(IommuDomain domain, DmaDevice device) => Own(domain).WasTold = true;

    /// <inheritdoc/>
    /// <remarks>tegra_smmu_attach_dev (:480), tegra_smmu_as_prepare. The domain that the device was in before keeps its use count, and so its ASID. -ENOMEM: the
    /// directory is out of reach; -ENOSPC: every ASID is in use. Both come with the first swgroup only, so that there is nothing to undo.
    /// 6.12's identity domain does what the detach does (6.12 :513), for the domain that the device is in.</remarks>
    public IEnumerable<DriverStep> Attach(IommuDomain domain, DmaDevice device)
    {
        ArgumentNullException.ThrowIfNull(device);
        var own = Own(domain);
        if (!own.IsPaging)
        {
            if (_attached.TryGetValue(device.Name, out var current) && current.IsPaging)
            {
                foreach (var step in Leave(current, device))
                    yield return step;
            }

            _attached[device.Name] = own;
            yield break;
        }

        foreach (var swgroup in SwgroupsOf(device))
        {
            foreach (var step in own.UseCount > 0 ? [] : Prepare(own))
            {
                yield return step;
                if (step.Kind == DriverStepKind.Return)
                    yield break;
            }

            own.UseCount++;
            foreach (var step in Enable(swgroup, own.Asid))
                yield return step;
        }

        _attached[device.Name] = own;
    }

    /// <inheritdoc/>
    /// <remarks>6.1: tegra_smmu_detach_dev (:514); 6.12: the identity domain is attached (6.12 :513).</remarks>
    /// <exception cref="KernelBugException">The domain is attached to nothing.</exception>
    public IEnumerable<DriverStep> Detach(IommuDomain domain, DmaDevice device)
    {
        ArgumentNullException.ThrowIfNull(device);
        foreach (var step in Leave(Own(domain), device))
            yield return step;
        _attached.Remove(device.Name);
    }

    /// <inheritdoc/>
    public IEnumerable<DriverStep> Block(DmaDevice device) => throw new DriverException(Errno.EOPNOTSUPP, "the Tegra SMMU driver has no blocking domain");

    /// <inheritdoc/>
    /// <remarks>Page by page, each entry flushed before the next one is stored (__tegra_smmu_map). -ENODEV: the domain is attached to nothing and does not know its SMMU;
    /// the kernel would follow a null pointer.</remarks>
    public IEnumerable<DriverStep> Map(IommuDomain domain, ulong iova, ulong physical, ulong size, Protection protection)
    {
        var (own, gather) = (Own(domain), new InvalidationGather());
        if (!own.IsBound || own.Tables is not { } table)
        {
            yield return DriverStep.Fail(own.IsPaging ? Errno.ENODEV : Errno.EINVAL);
            yield break;
        }

        if (((iova | physical | size) & (Page - 1)) != 0)
        {
            yield return DriverStep.Fail(Errno.EINVAL);
            yield break;
        }

        for (var done = 0UL; done < size; done += Page)
        {
            if (!table.HookTable(iova + done, gather))
            {
                foreach (var step in Unmap(own, iova, done).Where(step => step.Kind != DriverStepKind.Return))
                    yield return step;
                yield return DriverStep.Fail(Errno.ENOMEM);
                yield break;
            }

            foreach (var step in _flush.Of(own, gather))
                yield return step;
            table.SetEntry(iova + done, physical + done, protection, gather);
            foreach (var step in _flush.Of(own, gather))
                yield return step;
        }
    }

    /// <inheritdoc/>
    /// <remarks>Page by page up to the first that is not mapped; each is flushed at once, and a table is freed once the directory is flushed (__tegra_smmu_unmap).</remarks>
    /// <exception cref="KernelBugException">The domain is attached to nothing, and there is a table at the address.</exception>
    public IEnumerable<DriverStep> Unmap(IommuDomain domain, ulong iova, ulong size)
    {
        var (own, gather, unmapped) = (Own(domain), new InvalidationGather(), 0UL);
        var aligned = ((iova | size) & (Page - 1)) == 0;
        if (aligned && size != 0 && !own.IsBound && own.Tables?.TableEntry(iova) != null)
            throw new KernelBugException("tegra_smmu_pte_lookup: the domain has no SMMU, a null pointer (drivers/iommu/tegra-smmu.c)");
        while (aligned && unmapped < size && own.Tables is { } table && table.ClearEntry(iova + unmapped, gather))
        {
            foreach (var step in _flush.Of(own, gather))
                yield return step;
            table.UnhookTable(iova + unmapped, gather);
            foreach (var step in _flush.Of(own, gather))
                yield return step;
            unmapped += Page;
        }

        yield return DriverStep.Return((long)unmapped);
    }

    /// <inheritdoc/>
    /// <remarks>For entries that were stored beside the driver. Linux flushes within map and unmap and has no such operation.</remarks>
    public IEnumerable<DriverStep> SyncMap(IommuDomain domain, Iova iova, ulong size, InvalidationGather gather) => _flush.Of(Own(domain), gather);

    /// <inheritdoc/>
    /// <remarks>See <see cref="SyncMap"/>.</remarks>
    public IEnumerable<DriverStep> Sync(IommuDomain domain, InvalidationGather gather) => _flush.Of(Own(domain), gather);

    /// <inheritdoc/>
    /// <remarks>The driver has no flush_iotlb_all.</remarks>
    public IEnumerable<DriverStep> FlushAll(IommuDomain domain) => [];

    /// <inheritdoc/>
    /// <remarks>The memory controller's handler (drivers/memory/tegra/mc.c, tegra30_mc_handle_irq): it reads the record once for each pending bit, logs, and clears. Result: 1
    /// when there was something, else 0.</remarks>
    public IEnumerable<DriverStep> HandleInterrupt()
    {
        var status = DriverStep.Read(TegraSmmuRegisters.InterruptStatus);
        yield return status;
        var pending = (uint)status.Value & _hardware.Interrupts;
        for (var rest = pending; rest != 0; rest &= rest - 1)
        {
            yield return DriverStep.Read(TegraSmmuRegisters.ErrorStatus);
            yield return DriverStep.Read(TegraSmmuRegisters.ErrorAddress);
        }

        if (pending != 0)
            yield return DriverStep.Write(TegraSmmuRegisters.InterruptStatus, pending);
        yield return DriverStep.Return(pending != 0 ? 1 : 0);
    }

    private TegraSmmuDomain MakePaging(DomainType type) => new(type, new TegraSmmuPageTable(_memory, _frames, _hardware.AddressBits));

    // What the device tree lists for the device; null stands for a swgroup that the chip's tables do not know.
    private IEnumerable<TegraSwgroup?> SwgroupsOf(DmaDevice device) => device.Streams.Select(binding => _hardware.SwgroupOf(binding.Stream.Value)).Distinct();

    private IEnumerable<DriverStep> Prepare(TegraSmmuDomain own)
    {
        int? asid = own.Tables!.IsReachable ? _asids.Take() : null;
        if (asid == null)
        {
            yield return DriverStep.Fail(own.Tables.IsReachable ? Errno.ENOSPC : Errno.ENOMEM);
            yield break;
        }

        own.Asid = asid.Value;
        foreach (var step in _flush.Atom(own.Tables.Directory))
            yield return step;
        yield return DriverStep.Write(TegraSmmuRegisters.TlbFlush, TegraSmmuRegisters.EncodeTlbFlush(_hardware, own.Asid));
        yield return DriverStep.Write(TegraSmmuRegisters.PtbAsid, (ulong)own.Asid);
        yield return DriverStep.Write(TegraSmmuRegisters.PtbData, (own.Tables.Directory >> TegraSmmuEntry.PageShift) | TegraSmmuEntry.TableAttributes);
        yield return TegraSmmuFlush.Barrier;
    }

    // The ASID goes back to the pool; PTB_DATA, TLB and page-table cache stay as they are.
    private IEnumerable<DriverStep> Leave(TegraSmmuDomain own, DmaDevice device)
    {
        foreach (var swgroup in SwgroupsOf(device))
        {
            if (own.UseCount == 0)
                throw new KernelBugException("tegra_smmu_detach_dev: the domain has no SMMU, a null pointer (drivers/iommu/tegra-smmu.c:514)");
            foreach (var step in Disable(swgroup, own.Asid))
                yield return step;
            if (--own.UseCount == 0)
                _asids.Return(own.Asid);
        }
    }

    private static IEnumerable<DriverStep> Enable(TegraSwgroup? swgroup, int asid)
    {
        if (swgroup == null)
            yield break;
        var register = DriverStep.Read(swgroup.Register);
        yield return register;
        yield return DriverStep.Write(swgroup.Register, (register.Value & ~(ulong)TegraSmmuRegisters.AsidMask) | (uint)asid | TegraSmmuRegisters.AsidEnable);
        foreach (var client in swgroup.Clients)
        {
            var gates = DriverStep.Read(TegraSmmuRegisters.Enable(client / 32));
            yield return gates;
            yield return DriverStep.Write(gates.Address, gates.Value | (1UL << (client % 32)));
        }
    }

    private static IEnumerable<DriverStep> Disable(TegraSwgroup? swgroup, int asid)
    {
        if (swgroup == null)
            yield break;
        var register = DriverStep.Read(swgroup.Register);
        yield return register;
        yield return DriverStep.Write(swgroup.Register, (register.Value & ~(ulong)(TegraSmmuRegisters.AsidMask | TegraSmmuRegisters.AsidEnable)) | (uint)asid);
        foreach (var client in swgroup.Clients)
        {
            var gates = DriverStep.Read(TegraSmmuRegisters.Enable(client / 32));
            yield return gates;
            yield return DriverStep.Write(gates.Address, gates.Value & ~(1UL << (client % 32)));
        }
    }

    private static TegraSmmuDomain Own(IommuDomain domain) =>
        domain as TegraSmmuDomain ?? throw new ArgumentException("not a domain of the Tegra SMMU driver", nameof(domain));
}
