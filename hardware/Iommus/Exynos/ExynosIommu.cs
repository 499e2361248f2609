using System.Runtime.CompilerServices;
using Emulator.Hardware.Dma;
using Emulator.Hardware.Memory;
using Emulator.Hardware.PageTables;
using Emulator.Hardware.Registers;
using Emulator.Hardware.Translation;

namespace Emulator.Hardware.Iommus.Exynos;

/// <summary>
/// The silicon of one SysMMU. CTRL says whether the DMA of its one master passes untranslated, is translated, or waits. Translation goes through a TLB,
/// from v3.2 on a cache of first-level words (FLPD), and two levels of tables. A fault sets its bit in INT_STATUS, latches the address and makes the requests that
/// follow wait, until INT_CLEAR and CTRL are written.
/// </summary>
/// <remarks>There are no stream ids: whatever arrives is the master's. Not modelled: security faults (TrustZone), the prefetch of tables and its buffers,
/// virtual machines other than machine 0.</remarks>
public sealed class ExynosIommu : IIommu
{
    private readonly ExynosOptions _options;
    private readonly ExynosRegisterLayout _layout;
    private readonly ExynosWalker _walker;
    private readonly Iotlb _tlb;
    private readonly ulong _setMask;
    private readonly ConfigurationCache<uint> _flpd;
    private readonly bool _entryFlushDropsFlpd;
    private readonly WaitingRequests _waiting;
    private readonly Register _control;
    private readonly Register _configuration;
    private readonly Register _interrupts;
    private readonly Register _tableBase;
    private readonly Register? _controlVm;
    private readonly Register? _flushStart;
    private readonly Register? _flushEnd;
    private readonly Dictionary<ulong, Register> _latches = [];
    private Mode _mode;
    private PagePermissions _unchecked = PagePermissions.Read | PagePermissions.Write;
    private bool _flpdEnabled;
    private bool _faulted;
    private bool _mayOverlap;
    private bool _retrying;

    /// <summary>Makes a SysMMU in its reset state: CTRL is 0, DMA passes untranslated.</summary>
    /// <param name="name">The instance's name.</param>
    /// <param name="memory">Where the tables are.</param>
    /// <param name="hardware">The version.</param>
    /// <param name="options">What varies.</param>
    public ExynosIommu(string name, PhysicalMemory memory, ExynosHardware hardware, ExynosOptions options)
    {
        ArgumentNullException.ThrowIfNull(memory);
        ArgumentNullException.ThrowIfNull(hardware);
        ArgumentNullException.ThrowIfNull(options);
        ArgumentOutOfRangeException.ThrowIfLessThan(options.WaitingRequests, 1);
        (Hardware, _options, _layout) = (hardware, options, hardware.Layout);
        _walker = new ExynosWalker(memory, hardware.IsShifted);
        _tlb = new Iotlb(options.Iotlb);
        _setMask = (ulong)hardware.TlbSets - 1;
        _flpd = new ConfigurationCache<uint>(hardware.HasFlpdCache ? options.FlpdEntries : 0);
        _entryFlushDropsFlpd = options.EntryFlushDropsFlpd ?? hardware.Version.Major < 5;
        _waiting = new WaitingRequests(options.WaitingRequests);

        Registers = new RegisterFile(name, ExynosRegisters.WindowSize);
        _control = Add(ExynosRegisters.Control, "CTRL", "[0] enable, [1] block", onWrite: ControlWritten);
        _configuration = Add(
            ExynosRegisters.Configuration, "CFG", "[0] LRU, [2] EAP, [10:7] QoS, [20] FLPD cache, [22] SYSSEL, [24] clock gating", onWrite: _ => Configure());
        Registers.Add(
            ExynosRegisters.Status, 4, "STATUS", RegisterAccess.ReadOnly, fields: "[0] blocked", onRead: () => _mode == Mode.Waiting ? ExynosRegisters.Blocked : 0UL);
        Registers.Add(ExynosRegisters.Version, 4, "VERSION", RegisterAccess.ReadOnly, hardware.VersionRegister, "[31:28] major, [27:21] minor");
        _tableBase = Add(_layout.TableBase, "PT_BASE", hardware.IsShifted ? "PA>>12 of the first-level table" : "PA of the first-level table");
        AddFlush(_layout.FlushAll, "FLUSH_ALL", "[0] flush", _ => FlushAll());
        AddFlush(_layout.FlushEntry, "FLUSH_ENTRY", "[31:12] page, [0] flush", FlushEntry);
        if (_layout.FlushRange != 0)
        {
            AddFlush(_layout.FlushRange, "FLUSH_RANGE", "[0] flush START to END", _ => FlushRange());
            _flushStart = Add(_layout.FlushStart, "FLUSH_START", "[31:12] first page");
            _flushEnd = Add(_layout.FlushEnd, "FLUSH_END", "[31:12] last page");
        }

        _interrupts = Registers.Add(_layout.InterruptStatus, 4, "INT_STATUS", RegisterAccess.ReadOnly, fields: "bit per fault");
        Registers.Add(
            _layout.InterruptClear, 4, "INT_CLEAR", RegisterAccess.WriteOnly, fields: "write one to clear the fault", onWrite: bits => _interrupts.Value &= ~bits);
        AddFaultAddresses();
        if (hardware.Version.Major < 7)
            return;
        Registers.Add(ExynosRegisters.Capability0, 4, "CAPA0", RegisterAccess.ReadOnly, hardware.Capability0, "[11] CAPA1 exists");
        Registers.Add(ExynosRegisters.Capability1, 4, "CAPA1", RegisterAccess.ReadOnly, hardware.Capability1, "[14] VM registers");
        if (_layout.HasVirtualMachines)
            _controlVm = Add(ExynosRegisters.ControlVm, "CTRL_VM", "[0] enable, [3] stall on a fault", onWrite: _ => Update());
    }

    // What becomes of a request.
    private enum Mode : byte
    {
        Untranslated,
        Translating,
        Waiting,
    }

    /// <summary>The version.</summary>
    public ExynosHardware Hardware { get; }

    /// <inheritdoc/>
    public string Name => Registers.Name;

    /// <inheritdoc/>
    public RegisterFile Registers { get; }

    /// <inheritdoc/>
    public Iotlb? Iotlb => _tlb;

    /// <inheritdoc/>
    /// <remarks>The code is the number of the bit that is set in INT_STATUS.</remarks>
    public FaultLog Faults { get; } = new();

    /// <summary>Requests that wait.</summary>
    public int Waiting => _waiting.Count;

    /// <inheritdoc/>
    public bool InterruptAsserted => _interrupts.Value != 0;

    /// <inheritdoc/>
    public void Translate(ReadOnlySpan<DmaRequest> requests, Span<DmaCompletion> completions)
    {
        for (var i = 0; i < requests.Length; i++)
            completions[i] = Translate(in requests[i]);
    }

    /// <inheritdoc/>
    public int TakeResumed(Span<ResumedDma> resumed) => _waiting.Take(resumed);

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private DmaCompletion Translate(in DmaRequest request) => _mode == Mode.Translating && !_mayOverlap ? LookUp(request) : TranslateOtherwise(request);

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private DmaCompletion LookUp(in DmaRequest request)
    {
        ref readonly var entry = ref _tlb.Find(SetOf(request.Iova.Value), request.Iova.Value);
        if (Unsafe.IsNullRef(in entry))
            return Walk(request);
        return Allows(entry.Permissions, request.Access) ? Complete(request, entry.Translate(request.Iova.Value)) : Fault(request, ExynosFault.Access);
    }

    [MethodImpl(MethodImplOptions.NoInlining)]
    private DmaCompletion TranslateOtherwise(in DmaRequest request)
    {
        var iova = request.Iova.Value;
        if (_mode == Mode.Untranslated)
            return Complete(request, iova);
        if (_mode == Mode.Waiting)
            return new DmaCompletion(default, _waiting.TryAdd(request) ? DmaStatus.Stalled : DmaStatus.Aborted, request.Tag);
        return _tlb.CountSelected(new TlbPage(SetOf(iova), iova)) > 1 ? Fault(request, ExynosFault.MultiHit) : LookUp(request);
    }

    [MethodImpl(MethodImplOptions.NoInlining)]
    private DmaCompletion Walk(in DmaRequest request)
    {
        var iova = request.Iova.Value;
        if (iova > uint.MaxValue)
            return Fault(request, ExynosFault.Page);
        var walk = default(WalkResult);
        if (ReadFirst(iova, ref walk))
            _walker.WalkFrom(iova, ref walk);
        if (walk.Status != WalkStatus.Ok)
            return Fault(request, walk.Status == WalkStatus.ReadAbort ? ExynosFault.TableWalk : ExynosFault.Page);
        _tlb.Insert(new IotlbEntry { Tag = SetOf(iova), Iova = iova, Output = walk.Output, PageShift = walk.PageShift, Permissions = walk.Permissions });
        // A large page beside the entry of a smaller one inside it: from then on lookups look for a second entry.
        if (walk.PageShift > 12 && Hardware.Version.Major < 7)
            _mayOverlap |= _tlb.CountSelected(new TlbPart(iova, walk.PageShift)) > 0;
        return Allows(walk.Permissions, request.Access) ? Complete(request, walk.Translate(iova)) : Fault(request, ExynosFault.Access);
    }

    // The first-level word from its cache or from memory. Only links are cached.
    private bool ReadFirst(ulong iova, ref WalkResult walk)
    {
        if (_flpdEnabled)
        {
            ref readonly var cached = ref _flpd.Find(iova >> 20);
            if (!Unsafe.IsNullRef(in cached))
            {
                walk.Entry = cached;
                return true;
            }
        }

        var table = Hardware.IsShifted ? _tableBase.Value << 12 : _tableBase.Value.InPlace(31, 14);
        if (!_walker.ReadFirst(table, iova, ref walk))
            return false;
        if (_flpdEnabled && ExynosWalker.IsLink((uint)walk.Entry))
            _flpd.Insert(iova >> 20, (uint)walk.Entry);
        return true;
    }

    [MethodImpl(MethodImplOptions.NoInlining)]
    private DmaCompletion Fault(in DmaRequest request, ExynosFault fault)
    {
        var bit = fault.Bit(Hardware.Version, request.Access);
        _interrupts.Value |= 1UL << bit;
        Latch(bit, (uint)request.Iova.Value, request.IsWrite);
        Faults.Add(new FaultRecord(request.Stream, request.Iova, request.Access, fault.Reason(), (ushort)bit));
        if (_controlVm != null && (_controlVm.Value & ExynosRegisters.VmStall) == 0)
            return new DmaCompletion(default, DmaStatus.Aborted, request.Tag);
        _faulted = true;
        Update();
        var held = _options.RetriesFaulted && (_retrying || _waiting.TryAdd(request));
        return new DmaCompletion(default, held ? DmaStatus.Stalled : DmaStatus.Aborted, request.Tag);
    }

    private void Latch(int bit, uint iova, bool write)
    {
        if (_layout.FaultInformation == 0)
        {
            Set(ExynosFaults.AddressRegister(bit, Hardware.Version)!.Value, iova);
            return;
        }

        Set(_layout.FaultAddress, iova);
        Set(_layout.FaultInformation, write ? ExynosRegisters.FaultOfWrite : 0);
        Set(ExynosRegisters.ReadFaultAddress, iova);
    }

    private void Set(ulong offset, uint value) => _latches[offset].Value = value;

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static DmaCompletion Complete(in DmaRequest request, ulong address) => new(new PhysicalAddress(address), DmaStatus.Completed, request.Tag);

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private bool Allows(PagePermissions permissions, DmaAccess access) =>
        ((permissions | _unchecked) & (access == DmaAccess.Write ? PagePermissions.Write : PagePermissions.Read)) != 0;

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private ulong SetOf(ulong iova) => (iova >> 12) & _setMask;

    // A fault holds requests until its bit is cleared and CTRL is written.
    private void ControlWritten(ulong control)
    {
        if (_interrupts.Value == 0 || (control & ExynosRegisters.EnableBit) == 0)
            _faulted = false;
        Update();
    }

    private void Configure()
    {
        _unchecked = (_configuration.Value & ExynosRegisters.CheckAccess) != 0 ? PagePermissions.None : PagePermissions.Read | PagePermissions.Write;
        _flpdEnabled = (_configuration.Value & ExynosRegisters.UseFlpdCache) != 0;
    }

    private void Update()
    {
        var machine = _controlVm == null || (_controlVm.Value & ExynosRegisters.VmEnable) != 0;
        if ((_control.Value & ExynosRegisters.EnableBit) == 0)
            _mode = _controlVm != null && machine && _options.VmTranslatesWhileDisabled ? Mode.Translating : Mode.Untranslated;
        else if ((_control.Value & ExynosRegisters.BlockBit) != 0 || _faulted)
            _mode = Mode.Waiting;
        else
            _mode = machine ? Mode.Translating : Mode.Untranslated;
        LetGo();
    }

    // Those that waited are answered in order, until one faults.
    private void LetGo()
    {
        if (_retrying)
            return;
        _retrying = true;
        while (_mode != Mode.Waiting && _waiting.Count > 0)
        {
            var completion = Translate(in _waiting.First);
            if (completion.Status == DmaStatus.Stalled)
                break;
            _waiting.AnswerFirst(completion);
        }

        _retrying = false;
    }

    private void FlushAll()
    {
        _tlb.InvalidateAll();
        _flpd.InvalidateAll();
        _mayOverlap = false;
    }

    private void FlushEntry(ulong value)
    {
        var iova = value.InPlace(31, 12);
        _tlb.Invalidate(new TlbPage(SetOf(iova), iova));
        if (_entryFlushDropsFlpd)
            _flpd.Invalidate(iova >> 20);
    }

    private void FlushRange() => _tlb.Invalidate(new TlbRange(_flushStart!.Value.InPlace(31, 12), _flushEnd!.Value | 0xfff));

    private void AddFaultAddresses()
    {
        if (Hardware.Version.Major < 5)
        {
            AddLatch(ExynosRegisters.PageFaultAddress, "PAGE_FAULT_ADDR");
            AddLatch(ExynosRegisters.EarlyWriteFaultAddress, "AW_FAULT_ADDR");
            AddLatch(ExynosRegisters.EarlyReadFaultAddress, "AR_FAULT_ADDR");
            AddLatch(ExynosRegisters.BusErrorAddress, "DEFAULT_SLAVE_ADDR");
            return;
        }

        AddLatch(ExynosRegisters.ReadFaultAddress, "FAULT_AR_VA");
        AddLatch(ExynosRegisters.WriteFaultAddress, "FAULT_AW_VA");
        if (_layout.HasVirtualMachines)
            AddLatch(_layout.FaultAddress, "FAULT_VA_VM");
        if (_layout.FaultInformation != 0)
            AddLatch(_layout.FaultInformation, "FAULT_INFO", "[20] write");
    }

    private void AddLatch(ulong offset, string name, string fields = "IOVA of the fault") =>
        _latches.Add(offset, Registers.Add(offset, 4, name, RegisterAccess.ReadOnly, fields: fields));

    private Register Add(ulong offset, string name, string fields, Action<ulong>? onWrite = null) => Registers.Add(offset, 4, name, fields: fields, onWrite: onWrite);

    private void AddFlush(ulong offset, string name, string fields, Action<ulong> flush) => Registers.Add(
        offset, 4, name, RegisterAccess.WriteOnly, fields: fields, onWrite: value =>
        {
            if ((value & ExynosRegisters.Flush) != 0)
                flush(value);
        });
}
