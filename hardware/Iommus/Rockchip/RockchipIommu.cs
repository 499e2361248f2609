using System.Runtime.CompilerServices;
using Emulator.Hardware.Dma;
using Emulator.Hardware.Memory;
using Emulator.Hardware.PageTables;
using Emulator.Hardware.Registers;
using Emulator.Hardware.Translation;

namespace Emulator.Hardware.Iommus.Rockchip;

/// <summary>
/// The silicon of one register bank. While paging is off DMA passes untranslated. A page fault stalls the bank: the access and all that follow are held
/// until it is acknowledged, then replayed in order. There is one address space, so the TLB has no tags.
/// </summary>
/// <remarks>A replay takes place when the bus next turns to the bank (a DMA, <see cref="TakeResumed"/>), not within the register write that allows
/// it: a fault that repeats comes after the handler has cleared the interrupt. Requests have 32 address bits; PASIDs and ATS do not exist here.</remarks>
public sealed class RockchipIommu : IIommu
{
    private readonly RockchipHardware _hardware;
    private readonly RockchipOptions _options;
    private readonly RockchipWalker _walker;
    private readonly WaitingRequests _replay;
    private readonly Iotlb _tlb;
    private readonly Register _directoryAddress;
    private readonly Register _faultAddress;
    private readonly Register _raw;
    private readonly Register _mask;
    private ulong _directory;
    private bool _paging;
    private bool _stall;
    private bool _fault;
    private bool _faultIsWrite;
    private Flow _flow = Flow.Untranslated;

    /// <summary>Makes a bank in its reset state: paging off.</summary>
    /// <param name="name">The bank's name.</param>
    /// <param name="memory">Where the tables are.</param>
    /// <param name="hardware">The version.</param>
    /// <param name="options">What no source states.</param>
    public RockchipIommu(string name, PhysicalMemory memory, RockchipHardware hardware, RockchipOptions? options = null)
    {
        ArgumentNullException.ThrowIfNull(memory);
        ArgumentNullException.ThrowIfNull(hardware);
        _options = options ?? new RockchipOptions();
        if (_options.HeldRequests is < 1 or > 65536)
            throw new ArgumentException($"a bank holds 1 to 65536 requests, not {_options.HeldRequests}", nameof(options));
        _hardware = hardware;
        _walker = new RockchipWalker(memory, hardware);
        _replay = new WaitingRequests(_options.HeldRequests);
        _tlb = new Iotlb(_options.Iotlb);
        Registers = new RegisterFile(name, RockchipRegisters.WindowSize);
        var wide = hardware.OutputBits > 32 ? "[31:12] PA[31:12], [11:8] PA[35:32], [7:4] PA[39:36]" : "[31:12] PA[31:12]";
        _directoryAddress = Registers.Add(RockchipRegisters.DirectoryAddress, 4, "DTE_ADDR", fields: wide, onWrite: SetDirectory);
        Registers.Add(
            RockchipRegisters.Status,
            4,
            "STATUS",
            RegisterAccess.ReadOnly,
            Status(),
            "[0] paging enabled, [1] page fault active, [2] stall active, [3] idle, [4] replay buffer empty, [5] fault was a write, [31] stall not active",
            onRead: Status);
        Registers.Add(
            RockchipRegisters.Command,
            4,
            "COMMAND",
            RegisterAccess.WriteOnly,
            fields: "0 enable paging, 1 disable paging, 2 enable stall, 3 disable stall, 4 zap cache, 5 page fault done, 6 force reset",
            onWrite: command => Execute((RockchipCommand)command));
        _faultAddress = Registers.Add(RockchipRegisters.PageFaultAddress, 4, "PAGE_FAULT_ADDR", RegisterAccess.ReadOnly, fields: "[31:0] IOVA");
        Registers.Add(
            RockchipRegisters.ZapOneLine, 4, "ZAP_ONE_LINE", RegisterAccess.WriteOnly, fields: "[31:0] IOVA", onWrite: iova => _tlb.Invalidate(new RockchipTlbPage(iova)));
        _raw = Registers.Add(RockchipRegisters.InterruptRaw, 4, "INT_RAWSTAT", RegisterAccess.ReadOnly, fields: "[0] page fault, [1] bus error");
        Registers.Add(
            RockchipRegisters.InterruptClear, 4, "INT_CLEAR", RegisterAccess.WriteOnly, fields: "[0] page fault, [1] bus error; a one clears", onWrite: bits => _raw.Value &= ~bits);
        _mask = Registers.Add(RockchipRegisters.InterruptMask, 4, "INT_MASK", fields: "[0] page fault, [1] bus error; a one enables");
        Registers.Add(
            RockchipRegisters.InterruptStatus, 4, "INT_STATUS", RegisterAccess.ReadOnly, fields: "INT_RAWSTAT under INT_MASK", onRead: () => _raw.Value & _mask.Value);
        Registers.Add(RockchipRegisters.AutoGating, 4, "AUTO_GATING", fields: "[31] no time limit for the fetch of a directory entry");
    }

    private enum Flow : byte
    {
        Untranslated,
        Translated,
        Held,
    }

    /// <inheritdoc/>
    public string Name => Registers.Name;

    /// <inheritdoc/>
    public RegisterFile Registers { get; }

    /// <inheritdoc/>
    public Iotlb? Iotlb => _tlb;

    /// <inheritdoc/>
    /// <remarks>The code is the bit that is set in INT_RAWSTAT: 1 page fault, 2 bus error.</remarks>
    public FaultLog Faults { get; } = new();

    /// <inheritdoc/>
    public bool InterruptAsserted => (_raw.Value & _mask.Value) != 0;

    /// <summary>Requests that found the buffer for held ones full.</summary>
    public long Overruns { get; private set; }

    /// <summary>Fault injection: commands that this bank does not take.</summary>
    public ISet<RockchipCommand> IgnoredCommands { get; } = new HashSet<RockchipCommand>();

    /// <inheritdoc/>
    public void Translate(ReadOnlySpan<DmaRequest> requests, Span<DmaCompletion> completions)
    {
        for (var i = 0; i < requests.Length; i++)
            completions[i] = Translate(in requests[i]);
    }

    /// <inheritdoc/>
    public int TakeResumed(Span<ResumedDma> resumed)
    {
        Replay();
        return _replay.Take(resumed);
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private DmaCompletion Translate(in DmaRequest request)
    {
        if (_flow == Flow.Translated && _replay.Count == 0)
            return TryTranslate(request, out var completion) ? completion : Hold(request);
        return Queue(request);
    }

    [MethodImpl(MethodImplOptions.NoInlining)]
    private DmaCompletion Queue(in DmaRequest request)
    {
        Replay();
        return _replay.Count == 0 && TryAnswer(request, out var completion) ? completion : Hold(request);
    }

    [MethodImpl(MethodImplOptions.NoInlining)]
    private DmaCompletion Hold(in DmaRequest request)
    {
        if (_replay.TryAdd(request))
            return new DmaCompletion(default, DmaStatus.Stalled, request.Tag);
        Overruns++;
        return new DmaCompletion(default, DmaStatus.Aborted, request.Tag);
    }

    private void Replay()
    {
        while (_replay.Count > 0 && TryAnswer(_replay.First, out var completion))
            _replay.AnswerFirst(completion);
    }

    // False: the bank holds it.
    private bool TryAnswer(in DmaRequest request, out DmaCompletion completion)
    {
        if (_flow == Flow.Translated)
            return TryTranslate(request, out completion);
        completion = new DmaCompletion(new PhysicalAddress((uint)request.Iova.Value), DmaStatus.Completed, request.Tag);
        return _flow == Flow.Untranslated;
    }

    // False: it faulted.
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private bool TryTranslate(in DmaRequest request, out DmaCompletion completion)
    {
        var iova = (uint)request.Iova.Value;
        ref readonly var entry = ref _tlb.Find(0, iova);
        if (Unsafe.IsNullRef(in entry))
            return Walk(request, out completion);
        completion = new DmaCompletion(new PhysicalAddress(entry.Translate(iova)), DmaStatus.Completed, request.Tag);
        return (entry.Permissions & Needed(request.Access)) != 0 || RecordPageFault(request, FaultReason.PermissionDenied);
    }

    [MethodImpl(MethodImplOptions.NoInlining)]
    private bool Walk(in DmaRequest request, out DmaCompletion completion)
    {
        var iova = (uint)request.Iova.Value;
        completion = new DmaCompletion(default, DmaStatus.Aborted, request.Tag);
        _walker.Walk(_directory, iova, out var walk);
        if (walk.Status == WalkStatus.ReadAbort)
        {
            Record(request, FaultReason.TableReadAbort, RockchipRegisters.BusError);
            return true;
        }

        if (walk.Status != WalkStatus.Ok)
            return RecordPageFault(request, FaultReason.NotPresent);
        _tlb.Insert(new IotlbEntry { Iova = iova, Output = walk.Output, PageShift = walk.PageShift, Permissions = walk.Permissions });
        completion = new DmaCompletion(new PhysicalAddress(walk.Translate(iova)), DmaStatus.Completed, request.Tag);
        return (walk.Permissions & Needed(request.Access)) != 0 || RecordPageFault(request, FaultReason.PermissionDenied);
    }

    private bool RecordPageFault(in DmaRequest request, FaultReason reason)
    {
        (_fault, _faultIsWrite) = (true, request.IsWrite);
        Record(request, reason, RockchipRegisters.PageFault);
        Route();
        return false;
    }

    private void Record(in DmaRequest request, FaultReason reason, uint interrupt)
    {
        var iova = (uint)request.Iova.Value;
        _faultAddress.Value = iova;
        _raw.Value |= interrupt;
        Faults.Add(new FaultRecord(request.Stream, new Iova(iova), request.Access, reason, (ushort)interrupt));
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static PagePermissions Needed(DmaAccess access) => access == DmaAccess.Write ? PagePermissions.Write : PagePermissions.Read;

    private void Execute(RockchipCommand command)
    {
        if (IgnoredCommands.Contains(command))
            return;
        switch (command)
        {
            case RockchipCommand.EnablePaging:
                _paging = true;
                break;
            case RockchipCommand.DisablePaging:
                _paging = false;
                break;
            case RockchipCommand.EnableStall:
                _stall |= _paging && !_fault;
                break;
            case RockchipCommand.DisableStall:
                _stall = false;
                break;
            case RockchipCommand.ZapCache:
                _tlb.InvalidateAll();
                break;
            case RockchipCommand.PageFaultDone:
                _fault = _faultIsWrite = false;
                break;
            case RockchipCommand.ForceReset:
                Reset();
                break;
        }

        Route();
    }

    private void Reset()
    {
        _paging = _stall = _fault = _faultIsWrite = false;
        _directory = 0;
        Registers.Reset();
        _tlb.InvalidateAll();
        while (_replay.Count > 0)
            _replay.AnswerFirst(new DmaCompletion(default, DmaStatus.Aborted, _replay.First.Tag));
    }

    private void Route()
    {
        var running = _paging ? Flow.Translated : Flow.Untranslated;
        var held = (_paging && _fault) || (_stall && (_paging || _options.StallHoldsUntranslated));
        _flow = held ? Flow.Held : running;
    }

    private void SetDirectory(ulong value)
    {
        _directoryAddress.Value = value & _hardware.DirectoryMask;
        _directory = _hardware.DecodeAddress((uint)_directoryAddress.Value);
    }

    private ulong Status() =>
        (_paging ? RockchipRegisters.PagingEnabled : 0)
        | (_fault ? RockchipRegisters.PageFaultActive : 0)
        | (_stall ? RockchipRegisters.StallActive : 0)
        | (!_paging || _fault ? RockchipRegisters.Idle : 0)
        | (_replay.Count == 0 ? RockchipRegisters.ReplayBufferEmpty : 0)
        | (_faultIsWrite ? RockchipRegisters.PageFaultIsWrite : 0);
}
