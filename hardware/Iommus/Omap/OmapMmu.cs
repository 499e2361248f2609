using Emulator.Hardware.Dma;
using Emulator.Hardware.Drivers;

namespace Emulator.Hardware.Iommus.Omap;

/// <summary>What the driver knows of one MMU (struct omap_iommu), and its sequences. The MMU is enabled and disabled by runtime power management alone.</summary>
/// <remarks>Source: Linux 6.1 drivers/iommu/omap-iommu.c; line numbers are of 6.1.192.</remarks>
/// <param name="unit">The MMU's number on the bus.</param>
/// <param name="hardware">The variant.</param>
/// <param name="options">What varies around the driver.</param>
/// <param name="writer">The page-table code.</param>
/// <param name="system">DRA7 DSP: the number of the DSP_SYSTEM block on the bus.</param>
/// <param name="instance">DRA7 DSP: which of its MMUs this is.</param>
internal sealed class OmapMmu(int unit, OmapHardware hardware, OmapDriverOptions options, OmapTableWriter writer, int system, int instance)
{
    private readonly List<(uint Cam, uint Ram)> _saved = [];
    private int _references;
    private bool _active;
    private bool _held;

    public int Unit => unit;

    /// <summary>iopgd: the root that maps and unmaps go to. The MMU is told of it when it is enabled, not when this changes.</summary>
    public ulong? Table { get; private set; }

    /// <summary>The domain that interrupts are for.</summary>
    public OmapDomain? Domain { get; set; }

    // omap_iommu_attach (:856). An MMU that is active already is not told of the new table.
    public IEnumerable<DriverStep> Attach(ulong root)
    {
        Table = root;
        foreach (var step in Get().Concat(FlushAll()))
            yield return step;
        if (options.HeldActive && !_held)
            (_held, _references) = (true, _references + 1);
    }

    // iopgtable_clear_entry_all, then omap_iommu_detach (:890).
    public IEnumerable<DriverStep> Detach()
    {
        writer.ClearAll(Table ?? throw new KernelBugException("omap_iommu_detach_dev: the MMU's table is gone, another domain was detached from it (omap-iommu.c:758)"));
        foreach (var step in FlushAll())
            yield return step;
        Table = null;
        foreach (var step in Put())
            yield return step;
    }

    // pm_runtime_get_sync.
    public IEnumerable<DriverStep> Get()
    {
        if (!options.RuntimePm)
            yield break;
        _references++;
        if (_active)
            yield break;
        foreach (var step in Resume())
            yield return step;
        _active = true;
    }

    // pm_runtime_put_sync; one too many is refused.
    public IEnumerable<DriverStep> Put()
    {
        if (!options.RuntimePm || _references == 0 || --_references > 0)
            yield break;
        foreach (var step in Suspend())
            yield return step;
        _active = false;
    }

    // omap_iopgtable_store_entry: the old translation is flushed before the entry changes. Ends with the errno.
    public IEnumerable<DriverStep> Store(uint address, uint physical, ulong size)
    {
        foreach (var step in FlushPage(address))
            yield return step;
        var errno = writer.Store(Table ?? throw NoTable(), address, physical, size);
        yield return DriverStep.Return(-(long)errno);
    }

    // iopgtable_clear_entry: a table that became empty is freed before the flush. Ends with the bytes cleared.
    public IEnumerable<DriverStep> Clear(uint address)
    {
        var bytes = writer.Clear(Table ?? throw NoTable(), address);
        foreach (var step in FlushPage(address))
            yield return step;
        yield return DriverStep.Return((long)bytes);
    }

    // flush_iotlb_page: every entry is read by its number until one holds the address; that one is loaded once more and flushed. The victim stays there.
    public IEnumerable<DriverStep> FlushPage(uint address)
    {
        foreach (var step in Get())
            yield return step;
        for (var i = 0; i < hardware.TlbEntries; i++)
        {
            var (cam, ram) = (Read(OmapRegisters.ReadCam), Read(OmapRegisters.ReadRam));
            foreach (var step in ReadEntry(i, cam, ram))
                yield return step;
            if (!Holds((uint)cam.Value, address))
                continue;
            foreach (var step in LoadEntry((uint)cam.Value, (uint)ram.Value))
                yield return step;
            yield return Write(OmapRegisters.FlushEntry, 1);
            break;
        }

        foreach (var step in Put())
            yield return step;
    }

    // iommu_fault_handler (:804).
    public IEnumerable<DriverStep> HandleInterrupt()
    {
        if (Domain == null)
            throw new KernelBugException("iommu_fault_handler: the MMU has no domain, its pointer is used before anything is checked (omap-iommu.c:804)");
        if (Domain.Device == null)
        {
            yield return DriverStep.Return(0);
            yield break;
        }

        var status = Read(OmapRegisters.IrqStatus);
        yield return status;
        var causes = status.Value & OmapRegisters.AllInterrupts;
        if (causes == 0)
        {
            yield return DriverStep.Return(1);
            yield break;
        }

        var address = Read(OmapRegisters.FaultAddress);
        yield return address;
        yield return Write(OmapRegisters.IrqStatus, causes);
        if (Domain.FaultHandler?.Invoke(new Iova(address.Value)) == true)
        {
            yield return DriverStep.Return(1);
            yield break;
        }

        // No interrupt of this MMU any more until it is enabled anew.
        yield return Write(OmapRegisters.IrqEnable, 0);
        if (Table == null)
            throw NoTable();
        yield return DriverStep.Return(0);
    }

    private static bool Holds(uint cam, uint address)
    {
        var shift = OmapRegisters.CamPageShift(cam);
        return (cam & OmapRegisters.CamValid) != 0 && cam >> shift == address >> shift;
    }

    private static KernelBugException NoTable() => new("the MMU's table is gone when its first-level entry is read (omap-iommu.c, iopgd_offset of NULL)");

    // omap_iommu_runtime_resume (:1050), omap2_iommu_enable (:154), __iommu_set_twl. The platform's reset and power hooks are not modelled.
    private IEnumerable<DriverStep> Resume()
    {
        if (Domain != null)
        {
            foreach (var step in RestoreEntries())
                yield return step;
        }

        yield return Read(OmapRegisters.Revision);
        yield return Write(OmapRegisters.TableBase, Table ?? throw NoTable());
        foreach (var step in LetIn(true))
            yield return step;
        if (hardware.BusErrorBack)
            yield return Write(OmapRegisters.GeneralPurpose, OmapRegisters.BusErrorBack);
        var control = Read(OmapRegisters.Control);
        yield return control;
        yield return Write(OmapRegisters.IrqEnable, OmapRegisters.WalkInterrupts);
        yield return Write(OmapRegisters.Control, (control.Value & ~(ulong)OmapRegisters.ControlMask) | OmapRegisters.MmuEnable | OmapRegisters.TableWalkEnable);
    }

    // omap_iommu_runtime_suspend (:1010), omap2_iommu_disable (:181).
    private IEnumerable<DriverStep> Suspend()
    {
        if (Domain != null && Table != null)
        {
            foreach (var step in SaveEntries())
                yield return step;
        }

        var control = Read(OmapRegisters.Control);
        yield return control;
        yield return Write(OmapRegisters.Control, control.Value & ~(ulong)OmapRegisters.ControlMask);
        foreach (var step in LetIn(false))
            yield return step;
    }

    // dra7_cfg_dspsys_mmu; regmap writes what changes only.
    private IEnumerable<DriverStep> LetIn(bool enable)
    {
        if (!hardware.DspSystem)
            yield break;
        var config = DriverStep.Read(OmapRegisters.DspMmuConfig, unit: system);
        yield return config;
        var bit = (ulong)OmapRegisters.DspMmuEnable(instance);
        var wanted = enable ? config.Value | bit : config.Value & ~bit;
        if (wanted != config.Value)
            yield return DriverStep.Write(OmapRegisters.DspMmuConfig, wanted, unit: system);
    }

    // flush_iotlb_all.
    private IEnumerable<DriverStep> FlushAll() => Get().Concat([Write(OmapRegisters.Lock, 0), Write(OmapRegisters.GlobalFlush, 1)]).Concat(Put());

    // Linux locks no entry itself.
    private IEnumerable<DriverStep> SaveEntries()
    {
        var state = Read(OmapRegisters.Lock);
        yield return state;
        _saved.Clear();
        for (var i = 0; i < OmapRegisters.LockBase(state.Value); i++)
        {
            var (cam, ram) = (Read(OmapRegisters.ReadCam), Read(OmapRegisters.ReadRam));
            foreach (var step in ReadEntry(i, cam, ram))
                yield return step;
            _saved.Add(((uint)cam.Value, (uint)ram.Value));
        }
    }

    private IEnumerable<DriverStep> RestoreEntries()
    {
        for (var i = 0; i < _saved.Count; i++)
        {
            yield return Write(OmapRegisters.Lock, OmapRegisters.EncodeLock(0, i));
            foreach (var step in LoadEntry(_saved[i].Cam, _saved[i].Ram))
                yield return step;
        }

        if (_saved.Count > 0)
            yield return Write(OmapRegisters.Lock, OmapRegisters.EncodeLock(_saved.Count, _saved.Count));
    }

    private IEnumerable<DriverStep> ReadEntry(int index, DriverStep cam, DriverStep ram)
    {
        var state = Read(OmapRegisters.Lock);
        yield return state;
        yield return Write(OmapRegisters.Lock, OmapRegisters.EncodeLock(OmapRegisters.LockBase(state.Value), index));
        yield return cam;
        yield return ram;
    }

    private IEnumerable<DriverStep> LoadEntry(uint cam, uint ram) =>
    [
        Write(OmapRegisters.Cam, cam | OmapRegisters.CamValid),
        Write(OmapRegisters.Ram, ram),
        Write(OmapRegisters.FlushEntry, 1),
        Write(OmapRegisters.LoadTlb, 1),
    ];

    private DriverStep Read(ulong offset) => DriverStep.Read(offset, unit: unit);

    private DriverStep Write(ulong offset, ulong value) => DriverStep.Write(offset, value, unit: unit);
}
