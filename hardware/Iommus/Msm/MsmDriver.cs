using Emulator.Hardware.Dma;
using Emulator.Hardware.Drivers;
using Emulator.Hardware.Memory;
using Emulator.Hardware.PageTables;
using Emulator.Hardware.PageTables.ArmShort;

namespace Emulator.Hardware.Iommus.Msm;

/// <summary>Linux's driver of Qualcomm's first IOMMU, of 6.1 and of 6.12.</summary>
/// <remarks>Source: drivers/iommu/msm_iommu.c; line numbers are of 6.1.192 unless they are marked 6.12 (6.12.117). One master per instance; its streams are all routed to one bank.</remarks>
public sealed class MsmDriver : IIommuDriver
{
    private readonly PhysicalMemory _memory;
    private readonly IFrameAllocator _frames;
    private readonly Unit[] _units;

    /// <summary>Makes the driver.</summary>
    /// <param name="kernel">Whose behaviour.</param>
    /// <param name="memory">The memory that tables are written to.</param>
    /// <param name="frames">Where tables come from.</param>
    /// <param name="banks">Context banks of each instance.</param>
    /// <param name="units">Instances, one for each master.</param>
    public MsmDriver(KernelVersion kernel, PhysicalMemory memory, IFrameAllocator frames, int banks = 3, int units = 1)
    {
        ArgumentNullException.ThrowIfNull(memory);
        ArgumentNullException.ThrowIfNull(frames);
        (Kernel, _memory, _frames) = (kernel, memory, frames);
        _units = [.. Enumerable.Range(0, units).Select(_ => new Unit(banks))];
    }

    /// <inheritdoc/>
    public KernelVersion Kernel { get; }

    /// <inheritdoc/>
    public bool HasNativeBlocking => false;

    /// <inheritdoc/>
    public IEnumerable<DriverStep> Probe() => DriverSequence.InTurn(Enumerable.Range(0, _units.Length).Select(Probe));

    /// <summary>Bring-up of one instance (:768): everything is reset, then a translation by register must leave something in PAR. Result: -ENODEV when it does not.</summary>
    public IEnumerable<DriverStep> Probe(int unit)
    {
        var banks = Enumerable.Range(0, _units[unit].Banks.Length).SelectMany(bank => ResetBank(unit, bank).Append(Write(unit, bank, MsmRegisters.ContextId, 0)));
        foreach (var step in ResetGlobals(unit).Concat(banks))
            yield return step;
        foreach (var step in Change(unit, At(0, MsmRegisters.SystemControl), MsmRegisters.MmuEnable, MsmRegisters.MmuEnable))
            yield return step;
        yield return Write(unit, 0, MsmRegisters.PhysicalAddress, 0);
        foreach (var step in Change(unit, At(0, MsmRegisters.AuxiliaryControl), MsmRegisters.TranslateConfiguration, 1u << 16))
            yield return step;
        yield return Write(unit, 0, MsmRegisters.TranslateRead, 0);
        var result = DriverStep.Read(At(0, MsmRegisters.PhysicalAddress), unit: unit);
        yield return result;
        foreach (var step in Change(unit, At(0, MsmRegisters.AuxiliaryControl), MsmRegisters.TranslateConfiguration, 0))
            yield return step;
        foreach (var step in Change(unit, At(0, MsmRegisters.SystemControl), MsmRegisters.MmuEnable, 0))
            yield return step;
        if (result.Value == 0)
            yield return DriverStep.Fail(Errno.ENODEV);
        else
            _units[unit].IsProbed = true;
    }

    /// <inheritdoc/>
    /// <remarks>Nothing is programmed. Result: -ENODEV behind an instance that was not probed, or that has another master.</remarks>
    public IEnumerable<DriverStep> ProbeDevice(DmaDevice device)
    {
        var unit = _units[UnitOf(device)];
        unit.Master ??= device;
        return unit.IsProbed && unit.Master == device ? [] : [DriverStep.Fail(Errno.ENODEV)];
    }

    /// <inheritdoc/>
    public IEnumerable<DriverStep> ReleaseDevice(DmaDevice device) => [];

    /// <inheritdoc/>
    public IommuDomain AllocateDomain(DomainType type) => type switch
    {
        DomainType.Unmanaged => new MsmDomain(type),
        DomainType.Identity or DomainType.Dma when Kernel == KernelVersion.Linux612 => new MsmDomain(type),
        _ => throw new DriverException(Errno.EINVAL, $"the msm driver of {Kernel} has no domain of type {type}"),
    };

    /// <inheritdoc/>
    /// <remarks>Tables of a domain that is still attached are lost.</remarks>
    public IEnumerable<DriverStep> FreeDomain(IommuDomain domain)
    {
        Own(domain);
        return [];
    }

    /// <inheritdoc/>
    /// <remarks>Nothing: each attach makes a table.</remarks>
    public void Finalise(IommuDomain domain, DmaDevice device) => Own(domain);

    /// <inheritdoc/>
    /// <remarks>:397. A new table, whatever the domain had; then the lowest free bank for the device's streams. Result: -EEXIST when the master has a bank other than 0 already, -ENODEV when all banks are taken.</remarks>
    public IEnumerable<DriverStep> Attach(IommuDomain domain, DmaDevice device)
    {
        var own = Own(domain);
        var index = UnitOf(device);
        var unit = _units[index];
        if (own.Type == DomainType.Identity)
        {
            foreach (var step in unit.Current is { } current ? Detach(current, device) : [])
                yield return step;
            yield break;
        }

        own.TakeTable(ArmShortPageTable.Create(_memory, _frames, new ArmShortConfig()));
        var bank = unit.Bank != 0 ? -1 : Array.IndexOf(unit.Banks, false);
        if (bank < 0)
        {
            yield return DriverStep.Fail(unit.Bank != 0 ? Errno.EEXIST : Errno.ENODEV);
            yield break;
        }

        unit.Banks[bank] = true;
        unit.Bank = bank;
        unit.Current?.Units.Remove(index);
        foreach (var step in device.Streams.SelectMany(binding => Route(index, bank, binding.Stream.Value)).Concat(Program(index, bank, own.Table!)))
            yield return step;
        unit.Current = own;
        own.Units.Insert(0, index);
    }

    /// <inheritdoc/>
    /// <remarks>6.1 :446, 6.12's identity domain (:443): translations are dropped, the tables are freed, and only then the bank is reset. Its streams stay routed to it.</remarks>
    public IEnumerable<DriverStep> Detach(IommuDomain domain, DmaDevice device)
    {
        var own = Own(domain);
        foreach (var unit in own.Units)
            yield return Write(unit, _units[unit].Bank, MsmRegisters.InvalidateBank, 0);
        own.Table?.Free();
        own.TakeTable(null);
        foreach (var index in own.Units.ToList())
        {
            var unit = _units[index];
            unit.Banks[unit.Bank] = false;
            foreach (var step in ResetBank(index, unit.Bank))
                yield return step;
            unit.Current = null;
            own.Units.Remove(index);
        }
    }

    /// <inheritdoc/>
    public IEnumerable<DriverStep> Block(DmaDevice device) => throw new DriverException(Errno.EOPNOTSUPP, "the msm driver has no blocking domain");

    /// <inheritdoc/>
    /// <remarks>-EINVAL for a domain without a table, where the kernel follows a null pointer.</remarks>
    public IEnumerable<DriverStep> Map(IommuDomain domain, ulong iova, ulong physical, ulong size, Protection protection) =>
        Own(domain).Table == null ? [DriverStep.Fail(Errno.EINVAL)] : DomainMapping.Map(this, domain, iova, physical, size, protection);

    /// <inheritdoc/>
    public IEnumerable<DriverStep> Unmap(IommuDomain domain, ulong iova, ulong size) =>
        Own(domain).Table == null ? [DriverStep.Return(0)] : DomainMapping.Unmap(this, domain, iova, size);

    /// <inheritdoc/>
    /// <remarks>:500: each 4 KiB of the range.</remarks>
    public IEnumerable<DriverStep> SyncMap(IommuDomain domain, Iova iova, ulong size, InvalidationGather gather) =>
        Invalidate(domain, new Invalidation(InvalidationKind.Walk, iova.Value, size, 0x1000));

    /// <inheritdoc/>
    /// <remarks>The driver has no iotlb_sync: what is asked for here was asked for inside the page-table calls.</remarks>
    public IEnumerable<DriverStep> Sync(IommuDomain domain, InvalidationGather gather)
    {
        ArgumentNullException.ThrowIfNull(gather);
        return gather.Requests.SelectMany(request => Invalidate(domain, request));
    }

    /// <inheritdoc/>
    /// <remarks>The driver has no such operation.</remarks>
    public IEnumerable<DriverStep> FlushAll(IommuDomain domain) => [];

    /// <summary>__flush_iotlb_range (:147): an address at a time. With several instances the address runs on from one to the next.</summary>
    public IEnumerable<DriverStep> Invalidate(IommuDomain domain, Invalidation request)
    {
        var iova = request.Iova;
        foreach (var unit in Own(domain).Units)
        {
            for (var done = 0UL; done < request.Size; done += request.Granule, iova += request.Granule)
            {
                var context = DriverStep.Read(At(_units[unit].Bank, MsmRegisters.ContextId), unit: unit);
                yield return context;
                yield return Write(unit, _units[unit].Bank, MsmRegisters.InvalidateAddress, ((uint)iova & 0xffff_f000) | ((uint)context.Value & 0xff));
            }
        }
    }

    /// <summary>iova_to_phys (:550), by the hardware. Result: the address; 0 for none.</summary>
    public IEnumerable<DriverStep> Lookup(IommuDomain domain, ulong iova)
    {
        var own = Own(domain);
        if (own.Units.Count == 0)
            yield break;
        var (unit, bank) = (own.Units[0], _units[own.Units[0]].Bank);
        yield return Write(unit, bank, MsmRegisters.InvalidateBank, 0);
        yield return Write(unit, bank, MsmRegisters.TranslateRead, (uint)iova & 0xffff_f000);
        var reads = new DriverStep[3];
        for (var i = 0; i < reads.Length; i++)
        {
            reads[i] = DriverStep.Read(At(bank, MsmRegisters.PhysicalAddress), unit: unit);
            yield return reads[i];
        }

        var offset = (reads[1].Value & MsmRegisters.IsSupersection) != 0 ? 0xff_ffffUL : 0xfff;
        var found = (reads[0].Value & ~offset & uint.MaxValue) | (iova & offset);
        yield return DriverStep.Return((reads[2].Value & MsmRegisters.TranslationFailed) != 0 ? 0 : (long)found);
    }

    /// <inheritdoc/>
    /// <remarks>msm_iommu_fault_handler (:590): a stalled transaction is not resumed. Result: 0.</remarks>
    public IEnumerable<DriverStep> HandleInterrupt()
    {
        for (var unit = 0; unit < _units.Length; unit++)
        {
            for (var bank = 0; bank < _units[unit].Banks.Length && _units[unit].IsProbed; bank++)
            {
                var status = DriverStep.Read(At(bank, MsmRegisters.FaultStatus), unit: unit);
                yield return status;
                if (status.Value == 0)
                    continue;
                foreach (var offset in (ulong[])[MsmRegisters.FaultStatus, MsmRegisters.PhysicalAddress, MsmRegisters.FaultAddress, MsmRegisters.FaultSyndrome1, MsmRegisters.FaultSyndrome0, MsmRegisters.TableBase1, MsmRegisters.TableBase0, MsmRegisters.AuxiliaryControl, MsmRegisters.SystemControl])
                    yield return DriverStep.Read(At(bank, offset), unit: unit);
                yield return Write(unit, bank, MsmRegisters.FaultStatus, MsmRegisters.FaultAcknowledge);
            }
        }

        yield return DriverStep.Return(0);
    }

    private static MsmDomain Own(IommuDomain domain) => domain as MsmDomain ?? throw new ArgumentException("a domain of another driver", nameof(domain));

    private static ulong At(int bank, ulong offset) => ((ulong)bank * MsmRegisters.BankSize) + offset;

    private static DriverStep Write(int unit, int bank, ulong offset, ulong value) => DriverStep.Write(At(bank, offset), value, unit: unit);

    private static IEnumerable<DriverStep> Change(int unit, ulong register, uint mask, uint value)
    {
        var read = DriverStep.Read(register, unit: unit);
        yield return read;
        yield return DriverStep.Write(register, (read.Value & ~(ulong)mask) | value, unit: unit);
    }

    private static IEnumerable<DriverStep> ResetGlobals(int unit) => InOrder(
        Change(unit, MsmRegisters.Control, 1u << 0, 0),
        Change(unit, MsmRegisters.Control, 1u << 2, 0),
        [DriverStep.Write(MsmRegisters.GlobalErrorRestore, 0, unit: unit)],
        Change(unit, MsmRegisters.TestBus, 1u << 0, 0),
        [DriverStep.Write(MsmRegisters.Control, 0, unit: unit)],
        Change(unit, MsmRegisters.TestBus, 1u << 1, 0),
        [
            DriverStep.Write(MsmRegisters.TestBus, 0, unit: unit),
            DriverStep.Write(MsmRegisters.TlbRowSwitch, 0, unit: unit),
            DriverStep.Write(MsmRegisters.InvalidateAll, 0, unit: unit),
            DriverStep.Write(MsmRegisters.ProtectionAccess, 0, unit: unit),
        ],
        Change(unit, MsmRegisters.Control, MsmRegisters.TlbLockWritable, MsmRegisters.TlbLockWritable));

    // __reset_context (:225). The fields of bypassing are indexed by bank here, though the register belongs to a stream.
    private static IEnumerable<DriverStep> ResetBank(int unit, int bank)
    {
        foreach (var step in MsmRegisters.BypassFields.SelectMany(field => Change(unit, MsmRegisters.StreamToBank + (4 * (ulong)bank), field, 0)))
            yield return step;
        foreach (var offset in (ulong[])
        [
            MsmRegisters.AuxiliaryControl, MsmRegisters.SystemControl, MsmRegisters.FaultStatusRestore, MsmRegisters.TableBase0, MsmRegisters.TableBase1, MsmRegisters.TableControl,
            MsmRegisters.BufferControl, MsmRegisters.PhysicalAddress, MsmRegisters.FaultAddress, MsmRegisters.InvalidateBank, MsmRegisters.TlbFirstLevelPointer,
            MsmRegisters.TlbSecondLevelPointer, MsmRegisters.TlbLock,
        ])
        {
            yield return Write(unit, bank, offset, 0);
        }
    }

    // config_mids (:206), for one stream.
    private static IEnumerable<DriverStep> Route(int unit, int bank, uint stream)
    {
        var route = MsmRegisters.StreamToBank + (4 * (ulong)stream);
        var access = MsmRegisters.BankAccess + (4 * (ulong)bank);
        return InOrder(
            [DriverStep.Write(route, 0, unit: unit), DriverStep.Write(access, 0, unit: unit)],
            Change(unit, route, MsmRegisters.StreamVmidMask, 0),
            Change(unit, route, MsmRegisters.BankMask, (uint)bank << MsmRegisters.BankShift),
            Change(unit, access, MsmRegisters.BankVmidMask, 0),
            Change(unit, At(bank, MsmRegisters.ContextId), 0xff, (uint)bank),
            Change(unit, route, MsmRegisters.NonSecureMask, MsmRegisters.NonSecureMask));
    }

    // __program_context (:257).
    private static IEnumerable<DriverStep> Program(int unit, int bank, ArmShortPageTable table)
    {
        var (system, auxiliary) = (At(bank, MsmRegisters.SystemControl), At(bank, MsmRegisters.AuxiliaryControl));
        return InOrder(
            ResetBank(unit, bank),
            Set(system, MsmRegisters.TexRemap),
            Set(system, MsmRegisters.AccessFlagEnable),
            Set(auxiliary, MsmRegisters.TlbMissConfiguration),
            Set(auxiliary, MsmRegisters.TranslateConfiguration),
            [
                Write(unit, bank, MsmRegisters.TableControl, 0),
                Write(unit, bank, MsmRegisters.TableBase0, table.TranslationTableBase),
                Write(unit, bank, MsmRegisters.TableBase1, 0),
                Write(unit, bank, MsmRegisters.PrimaryRegionRemap, ArmShortPageTable.PrimaryRegionRemap),
                Write(unit, bank, MsmRegisters.NormalMemoryRemap, ArmShortPageTable.NormalMemoryRemap),
                Write(unit, bank, MsmRegisters.InvalidateBank, 0),
            ],
            Change(unit, MsmRegisters.BankAccess + (4 * (ulong)bank), MsmRegisters.InterruptIndexMask, 0),
            Set(auxiliary, MsmRegisters.FaultInterruptEnable),
            Set(auxiliary, MsmRegisters.StallOnFault),
            Set(auxiliary, MsmRegisters.InnerShareable),
            Set(auxiliary, MsmRegisters.OuterShareable),
            Set(auxiliary, MsmRegisters.NonShareable),
            Set(At(bank, MsmRegisters.BufferControl), 1),
            Set(system, MsmRegisters.MmuEnable));

        IEnumerable<DriverStep> Set(ulong register, uint bits) => Change(unit, register, bits, bits);
    }

    private static IEnumerable<DriverStep> InOrder(params IEnumerable<DriverStep>[] sequences) => sequences.SelectMany(sequence => sequence);

    private int UnitOf(DmaDevice device)
    {
        ArgumentNullException.ThrowIfNull(device);
        var unit = device.Streams[0].Unit;
        return unit < _units.Length ? unit : throw new DriverException(Errno.EINVAL, $"{device.Name} is behind instance {unit}, there are {_units.Length}");
    }

    private sealed class Unit(int banks)
    {
        public bool[] Banks { get; } = new bool[banks];

        public bool IsProbed { get; set; }

        public DmaDevice? Master { get; set; }

        // The bank of its master: 0 also when it has none.
        public int Bank { get; set; }

        public MsmDomain? Current { get; set; }
    }
}
