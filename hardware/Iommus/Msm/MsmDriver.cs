using Emulator.Hardware.Dma;
using Emulator.Hardware.Drivers;
using Emulator.Hardware.Memory;
using Emulator.Hardware.PageTables;
using Emulator.Hardware.PageTables.ArmShort;
using R = Emulator.Hardware.Iommus.Msm.MsmRegisters;
using S = Emulator.Hardware.Iommus.Msm.MsmSequences;

namespace Emulator.Hardware.Iommus.Msm;

/// <summary>Linux's driver of the MSM IOMMU, of 6.1 and of 6.12.</summary>
/// <remarks>Source: drivers/iommu/msm_iommu.c; line numbers are of 6.1.192 unless they are marked 6.12 (6.12.117). Clocks are not modelled.</remarks>
public sealed class MsmDriver : IIommuDriver
{
    // MAX_NUM_MIDS.
    private const int MaxMids = 32;

    private readonly MsmHardware _hardware;
    private readonly PhysicalMemory _memory;
    private readonly IFrameAllocator _frames;
    private readonly MsmUnit[] _units;
    private readonly MsmDomain _identity = new(DomainType.Identity);

    // qcom_iommu_devices: probed last, found first.
    private readonly List<MsmUnit> _probed = [];

    // What the kernel's core knows: the domain that a device is attached to.
    private readonly Dictionary<string, MsmDomain> _attached = new(StringComparer.Ordinal);

    /// <summary>Makes the driver.</summary>
    /// <param name="kernel">Whose behaviour.</param>
    /// <param name="hardware">What all instances are.</param>
    /// <param name="memory">The memory that tables are written to.</param>
    /// <param name="frames">Where tables come from, below 4 GiB.</param>
    /// <param name="units">Instances.</param>
    public MsmDriver(KernelVersion kernel, MsmHardware hardware, PhysicalMemory memory, IFrameAllocator frames, int units = 1)
    {
        ArgumentNullException.ThrowIfNull(hardware);
        ArgumentNullException.ThrowIfNull(memory);
        ArgumentNullException.ThrowIfNull(frames);
        (Kernel, _hardware, _memory, _frames) = (kernel, hardware, memory, frames);
        _units = [.. Enumerable.Range(0, units).Select(unit => new MsmUnit(unit, hardware.Banks))];
    }

    /// <inheritdoc/>
    public KernelVersion Kernel { get; }

    /// <inheritdoc/>
    public bool HasNativeBlocking => false;

    /// <inheritdoc/>
    public IEnumerable<DriverStep> Probe() => DriverSequence.InTurn(Enumerable.Range(0, _units.Length).Select(Probe));

    /// <summary>Bring-up of one instance (msm_iommu_probe): reset, and a self-test through bank 0, which is enabled for it without a table. Result: -ENODEV when PAR stays 0.</summary>
    public IEnumerable<DriverStep> Probe(int unit)
    {
        var auxiliary = R.Bank(0) + R.AuxiliaryControl;
        var result = S.Read(unit, 0, R.PhysicalAddress);
        var sequence = DriverSequence.InTurn(
        [
            S.Reset(unit, _hardware.Banks),
            S.SetBit(unit, 0, R.Control, R.Enable),
            S.Write(unit, 0, R.PhysicalAddress, 0),
            S.Set(unit, auxiliary, R.TranslateConfiguration, 3, 1),
            S.Write(unit, 0, R.Translate, 0),
            [result],
            S.Set(unit, auxiliary, R.TranslateConfiguration, 3, 0),
            S.Set(unit, R.Bank(0) + R.Control, R.Enable, 1, 0),
        ]);
        foreach (var step in sequence)
            yield return step;
        if (result.Value == 0)
        {
            yield return DriverStep.Fail(Errno.ENODEV);
            yield break;
        }

        _probed.Insert(0, _units[unit]);
    }

    /// <inheritdoc/>
    /// <remarks>qcom_iommu_of_xlate and insert_iommu_master: the device becomes the master of each instance that it names. Nothing is programmed. A MID for an instance that has a master goes to the
    /// master that the device got last. Result: -ENODEV for an instance that was not probed.</remarks>
    /// <exception cref="KernelBugException">The instance has another device as its master, or there are more MIDs than the driver has room for.</exception>
    public IEnumerable<DriverStep> ProbeDevice(DmaDevice device)
    {
        ArgumentNullException.ThrowIfNull(device);
        var master = _units.LastOrDefault(unit => unit.Master == device.Name);
        foreach (var (number, stream) in device.Streams)
        {
            if (_probed.Find(unit => unit.Number == number) is not { } unit)
                return [DriverStep.Fail(Errno.ENODEV)];
            if (unit.Master == null)
                (unit.Master, master) = (device.Name, unit);
            if (master == null)
                throw new KernelBugException($"{device.Name} is the second device of instance {number} and has no private data (msm_iommu.c, insert_iommu_master)");
            if (master.Mids.Contains((int)stream.Value))
                continue;
            if (master.Mids.Count == MaxMids)
                throw new KernelBugException($"{device.Name} has more than {MaxMids} MIDs (msm_iommu.c, insert_iommu_master)");
            master.Mids.Add((int)stream.Value);
        }

        return [];
    }

    /// <inheritdoc/>
    /// <remarks>Nothing is programmed, and the device stays the instance's master.</remarks>
    public IEnumerable<DriverStep> ReleaseDevice(DmaDevice device) => [];

    /// <inheritdoc/>
    public IommuDomain AllocateDomain(DomainType type) => type switch
    {
        DomainType.Unmanaged => new MsmDomain(type),
        DomainType.Dma or DomainType.DmaFlushQueue when Kernel == KernelVersion.Linux612 => new MsmDomain(type),
        DomainType.Identity when Kernel == KernelVersion.Linux612 => _identity,
        _ => throw new DriverException(Errno.EINVAL, $"the MSM IOMMU driver of {Kernel} has no domain of type {type}"),
    };

    /// <inheritdoc/>
    /// <remarks>The tables of a domain that was not detached are not given back, and banks that name them go on.</remarks>
    public IEnumerable<DriverStep> FreeDomain(IommuDomain domain)
    {
        Own(domain);
        return [];
    }

    /// <inheritdoc/>
    /// <remarks>Nothing: each attach makes a table.</remarks>
    public void Finalise(IommuDomain domain, DmaDevice device) => Own(domain);

    /// <inheritdoc/>
    /// <remarks>msm_iommu_attach_dev (:397). The domain's mappings are lost: it gets an empty table, even when the attach fails. The device's MIDs are routed to the lowest free bank of each of its
    /// instances; the bank that they had is left on. Result: -EEXIST when the device's bank is not bank 0, and then for ever; -ENODEV when no bank is free.</remarks>
    public IEnumerable<DriverStep> Attach(IommuDomain domain, DmaDevice device)
    {
        ArgumentNullException.ThrowIfNull(device);
        var own = Own(domain);
        if (!own.IsPaging)
        {
            foreach (var step in AttachIdentity(device))
                yield return step;
            yield break;
        }

        own.TakeTable(ArmShortPageTable.Create(_memory, _frames, new ArmShortConfig()));
        foreach (var unit in _probed.Where(unit => unit.Master == device.Name))
        {
            if (unit.Bank != 0)
            {
                yield return DriverStep.Fail(Errno.EEXIST);
                yield break;
            }

            unit.Bank = unit.TakeBank() ?? -(int)Errno.ENOSPC;
            if (unit.Bank < 0)
            {
                yield return DriverStep.Fail(Errno.ENODEV);
                yield break;
            }

            foreach (var step in S.Route(unit.Number, unit.Mids, unit.Bank).Concat(S.Program(unit.Number, unit.Bank, own.Tables!.TranslationTableBase)))
                yield return step;
            unit.LinkTo(own);
        }

        _attached[device.Name] = own;
    }

    /// <inheritdoc/>
    /// <remarks>msm_iommu_detach_dev (:446): the tables are freed, then the banks are reset. 6.12: the core attaches identity.</remarks>
    public IEnumerable<DriverStep> Detach(IommuDomain domain, DmaDevice device)
    {
        ArgumentNullException.ThrowIfNull(device);
        if (Kernel == KernelVersion.Linux612)
            return AttachIdentity(device);
        _attached.Remove(device.Name);
        return Release(Own(domain));
    }

    /// <inheritdoc/>
    public IEnumerable<DriverStep> Block(DmaDevice device) => throw new DriverException(Errno.EOPNOTSUPP, $"the MSM IOMMU driver of {Kernel} has no blocking domain");

    /// <inheritdoc/>
    /// <remarks>-EINVAL for a domain without a table, where the kernel follows a null pointer, or after a detach one to freed memory.</remarks>
    public IEnumerable<DriverStep> Map(IommuDomain domain, ulong iova, ulong physical, ulong size, Protection protection) =>
        Own(domain).Tables == null ? [DriverStep.Fail(Errno.EINVAL)] : DomainMapping.Map(this, domain, iova, physical, size, protection);

    /// <inheritdoc/>
    /// <remarks>Likewise: 0.</remarks>
    public IEnumerable<DriverStep> Unmap(IommuDomain domain, ulong iova, ulong size) =>
        Own(domain).Tables == null ? [DriverStep.Return(0)] : DomainMapping.Unmap(this, domain, iova, size);

    /// <summary>The driver's iova_to_phys: asks the silicon. Result: the address, 0 for none. 0 too for a domain without an instance, where the kernel reads what is beside the list's head.</summary>
    public IEnumerable<DriverStep> IovaToPhysical(IommuDomain domain, ulong iova)
    {
        if (Own(domain).Attached is not [var unit, ..])
        {
            yield return DriverStep.Return(0);
            yield break;
        }

        foreach (var step in S.Write(unit.Number, BankOf(unit), R.TlbiAll, 0).Concat(S.Write(unit.Number, BankOf(unit), R.Translate, (uint)iova & 0xffff_f000)))
            yield return step;
        var words = Enumerable.Range(0, 3).Select(_ => S.Read(unit.Number, unit.Bank, R.PhysicalAddress)).ToArray();
        foreach (var word in words)
            yield return word;
        var offsetMask = (words[1].Value & R.TranslatedSupersection) != 0 ? 0xff_ffffu : 0xfffu;
        yield return DriverStep.Return((words[2].Value & R.TranslationFailed) != 0 ? 0 : (long)((words[0].Value & ~(ulong)offsetMask) | (iova & offsetMask)));
    }

    /// <inheritdoc/>
    /// <remarks>msm_iommu_sync_map: the whole range, in pages of 4 KiB.</remarks>
    public IEnumerable<DriverStep> SyncMap(IommuDomain domain, Iova iova, ulong size, InvalidationGather gather) =>
        Sync(domain, gather).Concat(InvalidateRange(Own(domain), iova.Value, size, PhysicalMemory.FrameSize));

    /// <inheritdoc/>
    /// <remarks>There is no iotlb_sync: the kernel invalidates page by page as it unmaps (tlb_add_page).</remarks>
    public IEnumerable<DriverStep> Sync(IommuDomain domain, InvalidationGather gather)
    {
        ArgumentNullException.ThrowIfNull(gather);
        return gather.Requests.SelectMany(request => Invalidate(domain, request));
    }

    /// <inheritdoc/>
    /// <remarks>The driver has no such operation.</remarks>
    public IEnumerable<DriverStep> FlushAll(IommuDomain domain) => [];

    /// <summary>One request of the page-table code: tlb_add_page for pages, tlb_flush_walk for tables (:188).</summary>
    public IEnumerable<DriverStep> Invalidate(IommuDomain domain, Invalidation request)
    {
        var own = Own(domain);
        if (request.Kind == InvalidationKind.Walk)
            return InvalidateRange(own, request.Iova, request.Size, request.Granule);
        return Enumerable.Range(0, (int)(request.Size / request.Granule))
            .SelectMany(page => InvalidateRange(own, request.Iova + ((ulong)page * request.Granule), request.Granule, request.Granule));
    }

    /// <inheritdoc/>
    /// <remarks>msm_iommu_fault_handler of each instance. RESUME is not written: what is stalled stays so. Result: 0, which is IRQ_NONE, whatever there was.</remarks>
    public IEnumerable<DriverStep> HandleInterrupt()
    {
        ulong[] printed =
        [
            R.FaultStatus, R.PhysicalAddress, R.FaultAddress, R.FaultSyndrome1, R.FaultSyndrome0, R.TableBase1, R.TableBase0, R.AuxiliaryControl, R.Control,
        ];
        foreach (var unit in _probed)
        {
            for (var bank = 0; bank < _hardware.Banks; bank++)
            {
                var status = S.Read(unit.Number, bank, R.FaultStatus);
                yield return status;
                if (status.Value == 0)
                    continue;
                foreach (var register in printed)
                    yield return S.Read(unit.Number, bank, register);
                foreach (var step in S.Write(unit.Number, bank, R.FaultStatus, R.FaultClear))
                    yield return step;
            }
        }
    }

    private static MsmDomain Own(IommuDomain domain) => domain as MsmDomain ?? throw new ArgumentException("not a domain of the MSM IOMMU driver", nameof(domain));

    // An attach that found no bank left the error as the number.
    private static int BankOf(MsmUnit unit) =>
        unit.Bank >= 0 ? unit.Bank : throw new KernelBugException($"bank {unit.Bank} of instance {unit.Number} is written to, outside its registers (msm_iommu.c, msm_iommu_attach_dev)");

    // msm_iommu_identity_attach (6.12 :443). Nothing for a device without a domain.
    private IEnumerable<DriverStep> AttachIdentity(DmaDevice device)
    {
        if (!_attached.TryGetValue(device.Name, out var old) || old == _identity)
            return [];
        _attached[device.Name] = _identity;
        return Release(old);
    }

    // For all instances of the domain, whichever device leaves. They stay in the domain's list, and the masters keep their bank's number.
    private IEnumerable<DriverStep> Release(MsmDomain domain)
    {
        if (domain.IsTableFreed)
            throw new KernelBugException("the tables of the domain are freed a second time (msm_iommu.c:455)");
        if (domain.Tables != null)
        {
            foreach (var step in domain.Attached.SelectMany(unit => S.Write(unit.Number, BankOf(unit), R.TlbiAll, 0)))
                yield return step;
            domain.FreeTable();
        }

        foreach (var unit in domain.Attached)
        {
            unit.FreeBank();
            foreach (var step in S.ResetContext(unit.Number, BankOf(unit)))
                yield return step;
        }
    }

    // __flush_iotlb_range (:152): the address is not set back for the next instance, which so gets what follows the range.
    private static IEnumerable<DriverStep> InvalidateRange(MsmDomain domain, ulong iova, ulong size, ulong granule)
    {
        var operand = iova;
        foreach (var unit in domain.Attached)
        {
            for (var done = 0UL; done < size; done += granule)
            {
                var context = S.Read(unit.Number, BankOf(unit), R.ContextId);
                yield return context;
                operand = (operand & 0xffff_f000) | (context.Value & 0xff);
                foreach (var step in S.Write(unit.Number, BankOf(unit), R.TlbiAddress, operand))
                    yield return step;
                operand += granule;
            }
        }
    }
}
