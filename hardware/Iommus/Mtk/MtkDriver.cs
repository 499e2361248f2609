using Emulator.Hardware.Dma;
using Emulator.Hardware.Drivers;
using Emulator.Hardware.Memory;
using Emulator.Hardware.PageTables;
using Emulator.Hardware.PageTables.ArmShort;

namespace Emulator.Hardware.Iommus.Mtk;

/// <summary>Linux's driver of the second-generation M4U, of 6.1 and of 6.12, with what the SMI driver programs when a larb wakes.</summary>
/// <remarks>Source: drivers/iommu/mtk_iommu.c and drivers/memory/mtk-smi.c; line numbers are of 6.1.192 unless they are marked 6.12 (6.12.117). In steps the M4U is unit 0, then come the blocks of <see cref="MtkPorts.Blocks"/>.</remarks>
public sealed class MtkDriver : IIommuDriver
{
    /// <summary>In steps: the infrastructure configuration.</summary>
    public const int InfrastructureUnit = 1;

    /// <summary>In steps: the peripheral configuration.</summary>
    public const int PeripheralUnit = 2;

    /// <summary>In steps: the first larb.</summary>
    public const int FirstLarbUnit = 3;

    private const ulong ProtectBytes = 512;
    private const ulong RemapBase = 0x1_4000_0000;
    private const ulong RegionGap = 8UL << 20;

    private readonly MtkHardware _hardware;
    private readonly PhysicalMemory _memory;
    private readonly IFrameAllocator _frames;
    private readonly MtkDriverOptions _options;
    private readonly MtkPower _power;
    private readonly MtkPortControl _ports;
    private readonly MtkDomain?[] _bankDomains;
    private readonly HashSet<DmaDevice> _active = [];
    private readonly HashSet<DmaDevice> _translated = [];
    private ArmShortPageTable? _shared;
    private ulong _protect;

    /// <summary>Makes the driver.</summary>
    /// <param name="kernel">Whose behaviour.</param>
    /// <param name="hardware">The chip.</param>
    /// <param name="memory">The memory that tables are written to.</param>
    /// <param name="frames">Where tables and the protect buffer come from.</param>
    /// <param name="options">What varies.</param>
    /// <exception cref="ArgumentException">The driver of that kernel does not know this chip.</exception>
    public MtkDriver(KernelVersion kernel, MtkHardware hardware, PhysicalMemory memory, IFrameAllocator frames, MtkDriverOptions? options = null)
    {
        ArgumentNullException.ThrowIfNull(hardware);
        ArgumentNullException.ThrowIfNull(memory);
        ArgumentNullException.ThrowIfNull(frames);
        if (kernel == KernelVersion.Linux61 && !hardware.InLinux61)
            throw new ArgumentException($"the M4U driver of Linux 6.1 does not know {hardware.Name}", nameof(hardware));
        (Kernel, _hardware, _memory, _frames, _options) = (kernel, hardware, memory, frames, options ?? new MtkDriverOptions());
        _bankDomains = new MtkDomain?[hardware.Banks.Count];
        _power = new MtkPower(hardware);
        _ports = new MtkPortControl(kernel, hardware, _options);
    }

    /// <inheritdoc/>
    public KernelVersion Kernel { get; }

    /// <inheritdoc/>
    public bool HasNativeBlocking => false;

    /// <summary>Whether the chip's DRAM is remapped for 4 GiB, as the probe found.</summary>
    public bool FourGigabyteMode { get; private set; }

    /// <summary>The ports of each larb that are to go through the M4U: what the SMI driver is told.</summary>
    public IReadOnlyList<uint> LarbMasks => _ports.Masks;

    /// <inheritdoc/>
    /// <remarks>mtk_iommu_probe (:1171): the protect buffer, and the DRAM's mode. The M4U is first written at the first attach.</remarks>
    public IEnumerable<DriverStep> Probe()
    {
        _protect = _frames.Allocate(ProtectBytes);
        _memory.SetOwner(_protect, PhysicalMemory.FrameSize, OwnerTag.ProtectBuffer);
        if (!_hardware.HasFourGigabyteMode)
            yield break;
        var mode = DriverStep.Read(MtkRegisters.InfraMiscellaneous, unit: InfrastructureUnit);
        yield return mode;
        FourGigabyteMode = (mode.Value & MtkRegisters.FourGigabytes) != 0;
    }

    /// <inheritdoc/>
    /// <remarks>Nothing is programmed. Result: -EINVAL when its ports are not all in one larb, are none, or have no region.</remarks>
    public IEnumerable<DriverStep> ProbeDevice(DmaDevice device)
    {
        var ports = MtkPortControl.PortsOf(device);
        var placed = ports.All(port => port < MtkPorts.Larbs * MtkPorts.PortsPerLarb) && ports.Select(port => port / MtkPorts.PortsPerLarb).Distinct().Count() == 1;
        return placed && RegionOf(device) != null ? [] : [DriverStep.Fail(Errno.EINVAL)];
    }

    /// <inheritdoc/>
    public IEnumerable<DriverStep> ReleaseDevice(DmaDevice device) => SuspendDevice(device);

    /// <inheritdoc/>
    public IommuDomain AllocateDomain(DomainType type) => type switch
    {
        DomainType.Dma or DomainType.Unmanaged => new MtkDomain(type),
        DomainType.Identity or DomainType.DmaFlushQueue when Kernel == KernelVersion.Linux612 => new MtkDomain(type),
        _ => throw new DriverException(Errno.EINVAL, $"the M4U driver of {Kernel} has no domain of type {type}"),
    };

    /// <inheritdoc/>
    /// <remarks>The shared table has no way to be freed (:642).</remarks>
    public IEnumerable<DriverStep> FreeDomain(IommuDomain domain)
    {
        Own(domain);
        return [];
    }

    /// <inheritdoc/>
    /// <remarks>mtk_iommu_domain_finalise (:579): the first domain makes the table, all others take it over.</remarks>
    public void Finalise(IommuDomain domain, DmaDevice device)
    {
        var own = Own(domain);
        if (!own.IsPaging || own.Table != null)
            return;
        _shared ??= ArmShortPageTable.Create(_memory, _frames, new ArmShortConfig
        {
            InputBits = _hardware.InputBits,
            OutputBits = !_hardware.HasFourGigabyteMode ? 35 : FourGigabyteMode ? 33 : 32,
            Quirks = ArmShortQuirks.NonSecure | ArmShortQuirks.NoPermissions | ArmShortQuirks.MediaTek | (_hardware.HasUpperTables ? ArmShortQuirks.MediaTekTables : ArmShortQuirks.None),
        }) ?? throw new DriverException(Errno.ENOMEM, $"no table for {_hardware.Name}");
        var region = RegionOf(device) ?? throw new DriverException(Errno.EINVAL, $"the ports of {device.Name} are in no region");
        var gap = Kernel == KernelVersion.Linux612 && region < 4 ? RegionGap : 0;
        own.TakeTable(_shared, new DomainGeometry(MtkRegion.First(region), MtkRegion.First(region) + MtkRegion.Bytes(region) - gap - 1), BankOf(device));
    }

    /// <inheritdoc/>
    /// <remarks>:647. A bank is programmed for the first domain that comes to it. Ports of larbs are only marked; those of an infrastructure IOMMU are switched at once.</remarks>
    public IEnumerable<DriverStep> Attach(IommuDomain domain, DmaDevice device)
    {
        var own = Own(domain);
        if (own.Type == DomainType.Identity)
            return Detach(own, device);
        if (RegionOf(device) is not { } region)
            return [DriverStep.Fail(Errno.EINVAL)];
        Finalise(own, device);
        _translated.Add(device);
        return DriverSequence.InTurn([BringUpBank(own, BankOf(device)), _ports.Enable(device, MtkRegion.First(region))]);
    }

    /// <inheritdoc/>
    /// <remarks>6.1 :707, and 6.12's identity domain (6.12 :776), which the core attaches in its place: it does nothing for a device that has it already, or has none.</remarks>
    public IEnumerable<DriverStep> Detach(IommuDomain domain, DmaDevice device) =>
        _translated.Remove(device) || Kernel == KernelVersion.Linux61 ? _ports.Disable(device) : [];

    /// <inheritdoc/>
    public IEnumerable<DriverStep> Block(DmaDevice device) => throw new DriverException(Errno.EOPNOTSUPP, "the M4U driver has no blocking domain");

    /// <inheritdoc/>
    /// <remarks>The M4U resumes by its device link, the larb by its own (drivers/memory/mtk-smi.c:580-594). An infrastructure IOMMU has no such links.</remarks>
    public IEnumerable<DriverStep> ResumeDevice(DmaDevice device)
    {
        if (_hardware.IsInfrastructure || _active.Contains(device))
            return [];
        var larb = MtkPortControl.LarbOf(device);
        var sleeps = !_active.Any(other => MtkPortControl.LarbOf(other) == larb);
        _active.Add(device);
        return DriverSequence.InTurn([Resume(), sleeps ? _ports.Wake(larb) : []]);
    }

    /// <inheritdoc/>
    public IEnumerable<DriverStep> SuspendDevice(DmaDevice device) => _active.Remove(device) ? Suspend() : [];

    /// <summary>One more user of the M4U (pm_runtime_get); the first one resumes it (:1400): registers are restored, everything invalidated - unless WR_LEN_CTRL was 0, which the driver takes for "never set".</summary>
    public IEnumerable<DriverStep> Resume() => _power.Get(bank => _bankDomains[bank]?.Table?.TranslationTableBase);

    /// <summary>One user less; the last one suspends it (:1375): registers are saved.</summary>
    public IEnumerable<DriverStep> Suspend() => _power.Put();

    /// <inheritdoc/>
    /// <remarks>:712 under the core's loop; then the range is invalidated. After an error what was mapped is unmapped, and the invalidation has no range: it goes from the last address to 0.</remarks>
    public IEnumerable<DriverStep> Map(IommuDomain domain, ulong iova, ulong physical, ulong size, Protection protection)
    {
        if (Own(domain).Table is not { } table || ((iova | physical | size) & 0xfff) != 0)
            return [DriverStep.Fail(Errno.EINVAL)];
        var (mapped, errno) = (0UL, Errno.None);
        while (mapped < size && errno == Errno.None)
        {
            var (pageSize, count) = Chunk(table, iova + mapped, physical + mapped, size - mapped);
            var result = MapPages(table, iova + mapped, physical + mapped, pageSize, count, protection);
            (mapped, errno) = (mapped + result.Mapped, result.Errno);
        }

        if (errno == Errno.None)
            return InvalidateRange(Own(domain).Bank, iova, iova + size - 1);
        UnmapPages(table, iova, mapped, out var last);
        return InvalidateRange(Own(domain).Bank, last == null ? ulong.MaxValue : iova, last ?? 0).Append(DriverStep.Fail(errno));
    }

    /// <summary>The driver's own map operation (:712): in 4 GiB mode bit 32 of the output address is set.</summary>
    public MapResult MapPages(IPageTable table, ulong iova, ulong physical, ulong pageSize, ulong count, Protection protection)
    {
        ArgumentNullException.ThrowIfNull(table);
        return table.Map(iova, FourGigabyteMode ? physical | (1UL << 32) : physical, pageSize, count, protection, new InvalidationGather());
    }

    /// <inheritdoc/>
    /// <remarks>:733 under the core's loop; then the range that was asked for is invalidated, whatever of it was mapped.</remarks>
    public IEnumerable<DriverStep> Unmap(IommuDomain domain, ulong iova, ulong size)
    {
        if (Own(domain).Table is not { } table || ((iova | size) & 0xfff) != 0)
            return [DriverStep.Return(0)];
        var unmapped = UnmapPages(table, iova, size, out var last);
        return InvalidateRange(Own(domain).Bank, last == null ? ulong.MaxValue : iova, last ?? 0).Append(DriverStep.Return((long)unmapped));
    }

    /// <summary>Software's lookup (:758): in 4 GiB mode bit 32 is taken off again from 0x1_4000_0000 up.</summary>
    public ulong? Lookup(IommuDomain domain, ulong iova)
    {
        var address = Own(domain).Table?.Lookup(iova);
        return FourGigabyteMode && address >= RemapBase ? address & ~(1UL << 32) : address;
    }

    /// <inheritdoc/>
    public IEnumerable<DriverStep> SyncMap(IommuDomain domain, Iova iova, ulong size, InvalidationGather gather) => InvalidateRange(Own(domain).Bank, iova.Value, iova.Value + size - 1);

    /// <inheritdoc/>
    public IEnumerable<DriverStep> Sync(IommuDomain domain, InvalidationGather gather)
    {
        ArgumentNullException.ThrowIfNull(gather);
        return InvalidateRange(Own(domain).Bank, gather.Start, gather.End);
    }

    /// <inheritdoc/>
    public IEnumerable<DriverStep> FlushAll(IommuDomain domain) => Own(domain).Table == null ? [] : MtkPower.InvalidateAll(_hardware);

    /// <inheritdoc/>
    /// <remarks>mtk_iommu_isr (:409) of each bank that is in use. It invalidates everything, by bank 0. Result: 1.</remarks>
    public IEnumerable<DriverStep> HandleInterrupt()
    {
        for (var bank = 0; bank < _bankDomains.Length; bank++)
        {
            if (_bankDomains[bank] == null)
                continue;
            var first = (ulong)bank * MtkRegisters.BankSize;
            var status = DriverStep.Read(first + MtkRegisters.FaultStatus);
            yield return status;
            var mmu = (status.Value & MtkRegisters.CauseMask) != 0 ? 0UL : 1;
            yield return DriverStep.Read(first + MtkRegisters.InterruptId + (4 * mmu));
            yield return DriverStep.Read(first + MtkRegisters.FaultAddress + (8 * mmu));
            yield return DriverStep.Read(first + MtkRegisters.InvalidPhysical + (8 * mmu));
            var control = DriverStep.Read(first + MtkRegisters.InterruptControl);
            yield return control;
            yield return DriverStep.Write(first + MtkRegisters.InterruptControl, control.Value | MtkRegisters.InterruptClear);
            foreach (var step in MtkPower.InvalidateAll(_hardware))
                yield return step;
        }

        yield return DriverStep.Return(1);
    }

    private static MtkDomain Own(IommuDomain domain) => domain as MtkDomain ?? throw new ArgumentException("a domain of another driver", nameof(domain));

    private ulong UnmapPages(ArmShortPageTable table, ulong iova, ulong size, out ulong? last)
    {
        var unmapped = 0UL;
        last = null;
        while (unmapped < size)
        {
            var (pageSize, count) = Chunk(table, iova + unmapped, iova + unmapped, size - unmapped);
            last = iova + unmapped + (pageSize * count) - 1;
            var done = table.Unmap(iova + unmapped, pageSize, count, new InvalidationGather());
            if (done == 0)
                break;
            unmapped += done;
        }

        return unmapped;
    }

    // 6.1's operations take one page, 6.12's a number of them.
    private (ulong PageSize, ulong Count) Chunk(ArmShortPageTable table, ulong iova, ulong physical, ulong size)
    {
        var (pageSize, count) = DomainPaging.ChoosePage(table.PageSizeBitmap, iova, physical, size);
        return (pageSize, Kernel == KernelVersion.Linux61 ? 1 : count);
    }

    // mtk_iommu_get_iova_region_id (:499): 6.1 goes by dma-ranges, 6.12 by the first region that has all of the device's ports. Null: there is none.
    private uint? RegionOf(DmaDevice device)
    {
        if (_hardware.Regions.Count == 0)
            return 0;
        if (Kernel == KernelVersion.Linux61)
            return _options.RegionOf(device) is var region and < MtkRegion.Count ? region : null;
        var (larb, ports) = (MtkPortControl.LarbOf(device), MtkPortControl.MaskOf(device));
        return _hardware.Regions.Where(region => region.Larb == larb && (region.Ports & ports) == ports).Select(region => (uint?)region.Index).FirstOrDefault();
    }

    private int BankOf(DmaDevice device)
    {
        var ports = MtkPortControl.MaskOf(device);
        return Math.Max(0, _hardware.Banks.ToList().FindIndex(mask => (mask & ports) != 0));
    }

    // mtk_iommu_hw_init (:956) with the table's address after it, between a resume and a suspend.
    private IEnumerable<DriverStep> BringUpBank(MtkDomain domain, int bank)
    {
        if (_bankDomains[bank] != null)
            yield break;
        foreach (var step in Resume().Concat(SetGlobals()))
            yield return step;
        var first = (ulong)bank * MtkRegisters.BankSize;
        yield return DriverStep.Write(first + MtkRegisters.InterruptControl, MtkRegisters.InterruptEnables);
        yield return DriverStep.Write(first + MtkRegisters.InterruptMain, MtkRegisters.AllCauses);
        yield return DriverStep.Write(
            first + MtkRegisters.ProtectAddress,
            _hardware.HasLegacyProtectAddress ? (uint)(_protect >> 1) | (FourGigabyteMode ? 1u << 31 : 0) : (uint)_protect | (uint)(_protect >> 32));
        _bankDomains[bank] = domain;
        yield return DriverStep.Write(first + MtkRegisters.TableBase, domain.Table!.TranslationTableBase);
        foreach (var step in Suspend())
            yield return step;
    }

    private IEnumerable<DriverStep> SetGlobals()
    {
        var control = (ulong)MtkRegisters.ControlMt8173;
        if (!_hardware.HasFixedControl)
        {
            var read = DriverStep.Read(MtkRegisters.Control);
            yield return read;
            control = read.Value | MtkRegisters.FaultsToProtectAddress;
        }

        yield return DriverStep.Write(MtkRegisters.Control, control);
        if (FourGigabyteMode && _hardware.HasValidRange)
            yield return DriverStep.Write(MtkRegisters.ValidRange, MtkRegisters.ValidRange4GiB);
        yield return DriverStep.Write(MtkRegisters.ClockManagement, _hardware.DisablesClockManagement ? MtkRegisters.ClockManagementOff : 0);
        if (_hardware.ThrottlesWrites)
        {
            var length = DriverStep.Read(MtkRegisters.WriteLength);
            yield return length;
            yield return DriverStep.Write(MtkRegisters.WriteLength, length.Value & ~(ulong)MtkRegisters.WriteThrottlingOff);
        }

        var miscellaneous = 0UL;
        if (!_hardware.ResetsAxi)
        {
            var read = DriverStep.Read(MtkRegisters.Miscellaneous);
            yield return read;
            var cleared = (_hardware.KeepsStandardAxi ? 0 : MtkRegisters.StandardAxi) | (_hardware.WritesOutOfOrder ? MtkRegisters.WritesInOrder : 0);
            miscellaneous = read.Value & ~(ulong)cleared;
        }

        yield return DriverStep.Write(MtkRegisters.Miscellaneous, miscellaneous);
    }

    // mtk_iommu_tlb_flush_range_sync (:343): left to the resume while the M4U sleeps.
    private IEnumerable<DriverStep> InvalidateRange(int bank, ulong first, ulong last)
    {
        if (!_hardware.IsAlwaysOn && !_power.IsInUse)
            yield break;
        var registers = (ulong)bank * MtkRegisters.BankSize;
        yield return DriverStep.Write(registers + _hardware.InvalidateSelect, MtkRegisters.BothMmus);
        yield return DriverStep.Write(registers + MtkRegisters.InvalidateStart, Encode(first));
        yield return DriverStep.Write(registers + MtkRegisters.InvalidateEnd, Encode(last));
        yield return DriverStep.Write(registers + MtkRegisters.Invalidate, MtkRegisters.InvalidateRange);
        var done = false;
        for (var poll = 0; poll < _options.PollLimit && !done; poll++)
        {
            var read = DriverStep.Read(registers + MtkRegisters.InvalidationDone);
            yield return read;
            done = read.Value != 0;
        }

        yield return DriverStep.Write(registers + MtkRegisters.InvalidationDone, 0);
        if (done)
            yield break;
        foreach (var step in MtkPower.InvalidateAll(_hardware))
            yield return step;

        static uint Encode(ulong address) => ((uint)address & 0xffff_f000) | (uint)(address >> 32);
    }
}
