using System.Runtime.CompilerServices;
using Emulator.Hardware.Dma;
using Emulator.Hardware.Memory;
using Emulator.Hardware.Registers;
using Emulator.Hardware.Translation;

namespace Emulator.Hardware.Iommus.Sun50i;

/// <summary>
/// The silicon of the H6 and H616 IOMMU: one table for all masters, a micro TLB for each, a macro TLB and a cache of first-level words behind them. A page names
/// an authority, and DM_AUT_CTRL says for each master what that authority denies. A master that faulted waits until its micro TLB is reset.
/// </summary>
/// <remarks>The reset line and the clock come from the chip's clock unit; its word for them is declared behind the window. Not modelled: prefetch, the override of
/// authorities, the write buffer and ordering controls, the debug lookup.</remarks>
public sealed class Sun50iIommu : IIommu
{
    private const int Authorities = 16;
    private const ushort InvalidWord = 0x100;

    private readonly PhysicalMemory _memory;
    private readonly Sun50iOptions _options;
    private readonly Iotlb _micro;
    private readonly Iotlb _macro;
    private readonly ConfigurationCache<uint> _walks;
    private readonly WaitingRequests[] _waiting;
    private readonly bool[] _faulted;
    private readonly Mode[] _modes;

    // By authority: what it denies, two bits for each master, reads first.
    private readonly ushort[] _denied = new ushort[Authorities];
    private readonly Register _gate;
    private readonly Register _reset;
    private readonly Register _enable;
    private readonly Register _bypass;
    private readonly Register _tableBase;
    private readonly Register _tlbEnable;
    private readonly Register _invalidateAddress;
    private readonly Register _invalidateMask;
    private readonly Register _invalidateWalkAddress;
    private readonly Register[] _authority;
    private readonly Register _interruptEnable;
    private readonly Register _interruptStatus;
    private readonly Register[] _errorAddress;
    private readonly Register[] _errorData;
    private readonly Register _errorAddressL1;
    private readonly Register _errorAddressL2;
    private readonly Register _blameL1;
    private readonly Register _blameL2;
    private bool _letting;

    /// <summary>Makes an IOMMU that is held in reset, its clock off: DMA passes untranslated.</summary>
    /// <param name="name">The instance's name.</param>
    /// <param name="memory">Where the tables are.</param>
    /// <param name="hardware">The chip.</param>
    /// <param name="options">What no source states.</param>
    public Sun50iIommu(string name, PhysicalMemory memory, Sun50iHardware hardware, Sun50iOptions options)
    {
        ArgumentNullException.ThrowIfNull(memory);
        ArgumentNullException.ThrowIfNull(hardware);
        ArgumentNullException.ThrowIfNull(options);
        ArgumentOutOfRangeException.ThrowIfLessThan(options.WaitingRequests, 1);
        (_memory, Hardware, _options) = (memory, hardware, options);
        (_micro, _macro, _walks) = (new Iotlb(options.Iotlb), new Iotlb(options.Iotlb), new ConfigurationCache<uint>(options.Iotlb.Disabled ? 0 : int.MaxValue));
        _waiting = [.. Enumerable.Range(0, hardware.Masters).Select(_ => new WaitingRequests(options.WaitingRequests))];
        (_faulted, _modes) = (new bool[hardware.Masters], new Mode[hardware.Masters]);
        var masters = (1u << hardware.Masters) - 1;

        Registers = new RegisterFile(name, Sun50iRegisters.WindowSize);
        _gate = Registers.Add(Sun50iRegisters.BusGateReset, 4, "CCU_IOMMU_BGR", fields: "[16] reset line released, [0] clock on", onWrite: GateWritten);
        _reset = Add(Sun50iRegisters.Reset, "RESET", "clear bit: that master's micro TLB is in reset", ResetWritten, Sun50iRegisters.ReleaseAll);
        _enable = Add(Sun50iRegisters.Enable, "ENABLE", "[0] translation on", _ => Update());
        _bypass = Add(Sun50iRegisters.Bypass, "BYPASS", "bit per master", _ => Update(), options.ResetBypass);
        Add(Sun50iRegisters.AutoGating, "AUTO_GATING", "[0] on", null, 1);
        Add(Sun50iRegisters.WriteBuffer, "WBUF_CTRL", "bit per master, no effect here", null, masters);
        Add(Sun50iRegisters.WriteBuffer + 4, "OOO_CTRL", "bit per master, no effect here", null, masters);
        Add(Sun50iRegisters.WriteBuffer + 8, "4KB_BDY_PRT_CTRL", "bit per master, no effect here", null, masters);
        _tableBase = Add(Sun50iRegisters.TableBase, "TTB", "[31:14] first-level table");
        _tlbEnable = Add(
            Sun50iRegisters.TlbEnable, "TLB_ENABLE", "bit per master, [16] macro TLB, [17] page-walk cache", null, Sun50iRegisters.WalkCache | Sun50iRegisters.MacroTlb | masters);
        Add(Sun50iRegisters.TlbPrefetch, "TLB_PREFETCH", "bit per master, no effect here");
        AddCommand(Sun50iRegisters.TlbFlush, "TLB_FLUSH", "bit per master, [16] macro TLB, [17] page-walk cache", Flush);
        _invalidateAddress = Add(Sun50iRegisters.InvalidateAddress, "TLB_IVLD_ADDR", "[31:12] page");
        _invalidateMask = Add(Sun50iRegisters.InvalidateMask, "TLB_IVLD_ADDR_MASK", "[31:12] bits that count");
        AddCommand(Sun50iRegisters.Invalidate, "TLB_IVLD_ENABLE", "[0] start", Invalidate);
        _invalidateWalkAddress = Add(Sun50iRegisters.InvalidateWalkAddress, "PC_IVLD_ADDR", "[31:20] MiB");
        AddCommand(Sun50iRegisters.InvalidateWalk, "PC_IVLD_ENABLE", "[0] start", InvalidateWalk);
        _authority = Registers.AddArray(
            Sun50iRegisters.Authority,
            Authorities / 2,
            4,
            4,
            "DM_AUT_CTRL",
            fields: "[15:0] even, [31:16] odd authority: per master [2m] reads denied, [2m+1] writes denied",
            onWrite: AuthorityWritten,
            writable: IsRunning);
        Add(Sun50iRegisters.AuthorityOverride, "DM_AUT_OVWT", "no effect here");
        _interruptEnable = Add(Sun50iRegisters.InterruptEnable, "INT_ENABLE", "bits of INT_STA that raise the interrupt");
        AddCommand(Sun50iRegisters.InterruptClear, "INT_CLR", "write one to clear", Clear);
        _interruptStatus = AddState(Sun50iRegisters.InterruptStatus, "INT_STA", "bit per master: permission; [16] invalid L1, [17] invalid L2");
        _errorAddress = AddStates(Sun50iRegisters.ErrorAddress, "INT_ERR_ADDR", "address of a permission fault");
        _errorAddressL1 = AddState(Sun50iRegisters.ErrorAddressL1, "INT_ERR_ADDR_L1", "address of an invalid first-level word");
        _errorAddressL2 = AddState(Sun50iRegisters.ErrorAddressL2, "INT_ERR_ADDR_L2", "address of an invalid second-level word");
        _errorData = AddStates(Sun50iRegisters.ErrorData, "INT_ERR_DATA", "second-level word of a permission fault");
        _blameL1 = AddState(Sun50iRegisters.BlameL1, "L1PG_INT", "bit per master");
        _blameL2 = AddState(Sun50iRegisters.BlameL2, "L2PG_INT", "bit per master");
    }

    // What becomes of a master's request.
    private enum Mode : byte
    {
        Untranslated,
        Translating,
        Waiting,
    }

    /// <summary>The chip.</summary>
    public Sun50iHardware Hardware { get; }

    /// <inheritdoc/>
    public string Name => Registers.Name;

    /// <inheritdoc/>
    public RegisterFile Registers { get; }

    /// <inheritdoc/>
    /// <remarks>The micro TLBs; the macro TLB behind them is <see cref="MacroTlb"/>.</remarks>
    public Iotlb? Iotlb => _micro;

    /// <summary>The TLB that all masters share.</summary>
    public Iotlb MacroTlb => _macro;

    /// <inheritdoc/>
    /// <remarks>The code is the number of the bit that is set in INT_STA.</remarks>
    public FaultLog Faults { get; } = new();

    /// <inheritdoc/>
    public bool InterruptAsserted => (_interruptStatus.Value & _interruptEnable.Value) != 0;

    /// <inheritdoc/>
    public void Translate(ReadOnlySpan<DmaRequest> requests, Span<DmaCompletion> completions)
    {
        for (var i = 0; i < requests.Length; i++)
            completions[i] = Translate(in requests[i]);
    }

    /// <inheritdoc/>
    public int TakeResumed(Span<ResumedDma> resumed)
    {
        var taken = 0;
        foreach (var waiting in _waiting)
            taken += waiting.Take(resumed[taken..]);
        return taken;
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private DmaCompletion Translate(in DmaRequest request)
    {
        var master = request.Stream.Value;
        if (master < (uint)_modes.Length && _modes[master] == Mode.Translating)
        {
            ref readonly var entry = ref _micro.Find(master, request.Iova.Value);
            return Unsafe.IsNullRef(in entry) ? Walk(request) : Use(request, entry);
        }

        return TranslateNot(request);
    }

    [MethodImpl(MethodImplOptions.NoInlining)]
    private DmaCompletion TranslateNot(in DmaRequest request)
    {
        var master = request.Stream.Value;
        if (master >= (uint)_modes.Length)
            return new DmaCompletion(default, DmaStatus.Aborted, request.Tag);
        if (_modes[master] == Mode.Untranslated)
            return new DmaCompletion(new PhysicalAddress(request.Iova.Value), DmaStatus.Completed, request.Tag);
        return new DmaCompletion(default, _waiting[master].TryAdd(request) ? DmaStatus.Stalled : DmaStatus.Aborted, request.Tag);
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private DmaCompletion Use(in DmaRequest request, in IotlbEntry entry)
    {
        if ((entry.Flags & InvalidWord) != 0)
            return Fault(request, Sun50iRegisters.InvalidL2Bit, 0);
        var bit = (2 * (int)request.Stream.Value) + (request.Access == DmaAccess.Write ? 1 : 0);
        return ((_denied[entry.Flags & 0xf] >> bit) & 1) == 0
            ? new DmaCompletion(new PhysicalAddress(entry.Translate(request.Iova.Value)), DmaStatus.Completed, request.Tag)
            : Fault(request, (int)request.Stream.Value, (uint)entry.Output | ((uint)(entry.Flags & 0xf) << 4) | 2);
    }

    // Past the micro TLB: the macro TLB, then the tables.
    [MethodImpl(MethodImplOptions.NoInlining)]
    private DmaCompletion Walk(in DmaRequest request)
    {
        var (master, iova, enabled) = (request.Stream.Value, request.Iova.Value, _tlbEnable.Value);
        if (iova > uint.MaxValue)
            return Fault(request, Sun50iRegisters.InvalidL1Bit, 0);
        var macro = (enabled & Sun50iRegisters.MacroTlb) != 0;
        IotlbEntry found;
        ref readonly var cached = ref _macro.Find(0, iova);
        if (macro && !Unsafe.IsNullRef(in cached))
        {
            found = cached;
        }
        else
        {
            var first = FirstLevel(iova, (enabled & Sun50iRegisters.WalkCache) != 0);
            if ((first & 3) != 1)
                return Fault(request, Sun50iRegisters.InvalidL1Bit, 0);
            var valid = _memory.TryRead32(((ulong)first).InPlace(31, 10) + (((iova >> 12) & 0xff) * 4), out var word) && (word & 2) != 0;
            if (!valid)
                word = 0;
            found = new IotlbEntry { Iova = iova, Output = word & ~0xfffu, PageShift = 12, Flags = valid ? (ushort)((word >> 4) & 0xf) : InvalidWord };
            if (macro && (valid || _options.CachesInvalidWords))
                _macro.Insert(found);
        }

        found.Tag = master;
        if (enabled.Bit((int)master) && ((found.Flags & InvalidWord) == 0 || _options.CachesInvalidWords))
            _micro.Insert(found);
        return Use(request, found);
    }

    private uint FirstLevel(ulong iova, bool cache)
    {
        ref readonly var cached = ref _walks.Find(iova >> 20);
        if (cache && !Unsafe.IsNullRef(in cached))
            return cached;
        if (!_memory.TryRead32(_tableBase.Value.InPlace(31, 14) + ((iova >> 20) * 4), out var word))
            word = 0;
        if (cache && ((word & 3) == 1 || _options.CachesInvalidWords))
            _walks.Insert(iova >> 20, word);
        return word;
    }

    [MethodImpl(MethodImplOptions.NoInlining)]
    private DmaCompletion Fault(in DmaRequest request, int bit, uint word)
    {
        var (master, iova) = ((int)request.Stream.Value, (uint)request.Iova.Value);
        // The registers keep the first fault until it is cleared; every master is blamed.
        var first = !_interruptStatus.Value.Bit(bit);
        _interruptStatus.Value |= 1UL << bit;
        if (bit == Sun50iRegisters.InvalidL1Bit)
        {
            _blameL1.Value |= 1UL << master;
            Latch(_errorAddressL1, first, iova);
        }
        else if (bit == Sun50iRegisters.InvalidL2Bit)
        {
            _blameL2.Value |= 1UL << master;
            Latch(_errorAddressL2, first, iova);
        }
        else
        {
            Latch(_errorAddress[master], first, iova);
            Latch(_errorData[master], first, word);
        }

        var reason = bit is Sun50iRegisters.InvalidL1Bit or Sun50iRegisters.InvalidL2Bit ? FaultReason.NotPresent : FaultReason.PermissionDenied;
        Faults.Add(new FaultRecord(request.Stream, request.Iova, request.Access, reason, (ushort)bit));
        _faulted[master] = _options.WaitsAfterFault;
        Update();
        return new DmaCompletion(default, DmaStatus.Aborted, request.Tag);
    }

    private static void Latch(Register register, bool first, uint value)
    {
        if (first)
            register.Value = value;
    }

    private bool IsRunning() => _gate.Value == (Sun50iRegisters.ResetReleased | Sun50iRegisters.ClockOn);

    private void Update()
    {
        var translating = IsRunning() && _enable.Value.Bit(0);
        for (var master = 0; master < _modes.Length; master++)
        {
            if (!translating || _bypass.Value.Bit(master))
                _modes[master] = Mode.Untranslated;
            else
                _modes[master] = _faulted[master] || !_reset.Value.Bit(master) ? Mode.Waiting : Mode.Translating;
        }

        LetGo();
    }

    // Those that waited are answered in order, until one faults.
    private void LetGo()
    {
        if (_letting)
            return;
        _letting = true;
        for (var master = 0; master < _modes.Length; master++)
        {
            while (_modes[master] != Mode.Waiting && _waiting[master].Count > 0)
                _waiting[master].AnswerFirst(Translate(in _waiting[master].First));
        }

        _letting = false;
    }

    private void GateWritten(ulong value)
    {
        if ((value & Sun50iRegisters.ResetReleased) == 0)
        {
            Registers.Reset();
            _gate.Value = value;
            Array.Clear(_denied);
            Array.Clear(_faulted);
            Flush(ulong.MaxValue);
        }

        Update();
    }

    private void ResetWritten(ulong released)
    {
        _micro.Invalidate(new TlbOfMaster(~released));
        for (var master = 0; master < _faulted.Length; master++)
            _faulted[master] &= released.Bit(master);
        Update();
    }

    private void Flush(ulong caches)
    {
        _micro.Invalidate(new TlbOfMaster(caches));
        if ((caches & Sun50iRegisters.MacroTlb) != 0)
            _macro.InvalidateAll();
        if ((caches & Sun50iRegisters.WalkCache) != 0)
            _walks.InvalidateAll();
    }

    private void Invalidate(ulong start)
    {
        if (!start.Bit(0))
            return;
        _micro.Invalidate(new TlbMatch(_invalidateAddress.Value, _invalidateMask.Value));
        _macro.Invalidate(new TlbMatch(_invalidateAddress.Value, _invalidateMask.Value));
    }

    private void InvalidateWalk(ulong start)
    {
        if (start.Bit(0))
            _walks.Invalidate(_invalidateWalkAddress.Value >> 20);
    }

    // The field of authority 0 cannot be written.
    private void AuthorityWritten(int index, ulong value)
    {
        if (index == 0)
            _authority[0].Value = value &= 0xffff0000;
        (_denied[2 * index], _denied[(2 * index) + 1]) = ((ushort)value, (ushort)(value >> 16));
    }

    private void Clear(ulong bits)
    {
        _interruptStatus.Value &= ~bits;
        if (bits.Bit(Sun50iRegisters.InvalidL1Bit))
            _blameL1.Value = 0;
        if (bits.Bit(Sun50iRegisters.InvalidL2Bit))
            _blameL2.Value = 0;
    }

    private Register Add(ulong offset, string name, string fields, Action<ulong>? onWrite = null, ulong reset = 0) =>
        Registers.Add(offset, 4, name, reset: reset, fields: fields, onWrite: onWrite, writable: IsRunning);

    private void AddCommand(ulong offset, string name, string fields, Action<ulong> onWrite) =>
        Registers.Add(offset, 4, name, RegisterAccess.WriteOnly, fields: fields, onWrite: onWrite, writable: IsRunning);

    private Register AddState(ulong offset, string name, string fields) => Registers.Add(offset, 4, name, RegisterAccess.ReadOnly, fields: fields);

    private Register[] AddStates(ulong offset, string name, string fields) =>
        Registers.AddArray(offset, Hardware.Masters, 4, 4, name, RegisterAccess.ReadOnly, fields: fields);
}
