using System.Runtime.CompilerServices;
using Emulator.Hardware.Dma;
using Emulator.Hardware.Memory;
using Emulator.Hardware.PageTables;
using Emulator.Hardware.PageTables.Dart;
using Emulator.Hardware.Registers;
using Emulator.Hardware.Translation;

namespace Emulator.Hardware.Iommus.AppleDart;

/// <summary>
/// The silicon of one DART. A stream's TCR says whether its DMA is refused, translated or passed through; translation goes through a TLB tagged by
/// stream, then TTBR, first-level and second-level table. A refused DMA fails at once, the first one is recorded in ERROR.
/// </summary>
/// <remarks>
/// Not modelled: the DAPF (the address filter that TCR can bypass) and the subpage limits of leaves. Neither PASIDs nor ATS exist here: such
/// attributes of a request are ignored. A write to a TCR or TTBR flushes nothing.
/// </remarks>
public sealed class AppleDartIommu : IIommu
{
    private readonly AppleDartOptions _options;
    private readonly DartWalker _walker;
    private readonly Iotlb _tlb;
    private readonly Stream[] _streams;
    private readonly Register[] _controls;
    private readonly Register[] _ttbrs;
    private readonly Register[] _enables;
    private readonly Register[] _errorStreams;
    private readonly Register[] _remaps;
    private readonly Register[] _selects;
    private readonly Register _lock;
    private readonly Register _error;
    private readonly Register _errorAddressLow;
    private readonly Register _errorAddressHigh;
    private readonly Register? _errorMask;

    /// <summary>Makes a DART in its reset state: every stream refused.</summary>
    /// <param name="name">The instance's name.</param>
    /// <param name="memory">Where the tables are.</param>
    /// <param name="hardware">The generation.</param>
    /// <param name="options">What varies between instances.</param>
    public AppleDartIommu(string name, PhysicalMemory memory, AppleDartHardware hardware, AppleDartOptions options)
    {
        ArgumentNullException.ThrowIfNull(memory);
        ArgumentNullException.ThrowIfNull(hardware);
        ArgumentNullException.ThrowIfNull(options);
        if (options.PageShift is not (12 or 14))
            throw new ArgumentException($"a DART's page is 2^12 or 2^14 bytes, not 2^{options.PageShift}", nameof(options));
        if (options.T8110Streams is < 1 or > 256)
            throw new ArgumentException($"a t8110 DART has 1 to 256 streams, not {options.T8110Streams}", nameof(options));
        Hardware = hardware;
        _options = options;
        _walker = new DartWalker(memory, hardware.Format, options.PageShift);
        _tlb = new Iotlb(options.Iotlb);
        Registers = new RegisterFile(name, AppleDartRegisters.WindowSize);

        var later = hardware.Layout == AppleDartLayout.T8110;
        var streams = later ? options.T8110Streams : hardware.MaxStreams;
        _streams = new Stream[streams];
        AddParameters();
        _lock = Add(hardware.Lock, later ? "PROTECT" : "CONFIG", later ? "[0] TTBR and TCR locked" : "[15] lock: TTBR and TCR frozen until reboot", writable: IsUnlocked);
        _error = Registers.Add(
            hardware.Error, 4, "ERROR", RegisterAccess.WriteOneToClear, fields: later ? "[31] flag, [27:20] SID, [14:0] code" : "[31] flag, [27:24] SID, [11:0] code");
        _errorAddressLow = Registers.Add(hardware.ErrorAddress, 4, "ERROR_ADDR_LO", RegisterAccess.ReadOnly);
        _errorAddressHigh = Registers.Add(hardware.ErrorAddress + 4, 4, "ERROR_ADDR_HI", RegisterAccess.ReadOnly);
        _controls = Registers.AddArray(
            hardware.ControlBase,
            streams,
            4,
            4,
            "TCR",
            fields: later ? "[0] translate, [1] bypass DART, [2] bypass DAPF, [7] remap, [11:8] remap target" : "[7] translate, [8] bypass DART, [12] bypass DAPF",
            onWrite: (_, _) => Route(),
            writable: IsUnlocked);
        _ttbrs = [.. from stream in Enumerable.Range(0, streams)
                     from index in Enumerable.Range(0, hardware.TtbrCount)
                     select Registers.Add(
                         hardware.Ttbr(stream, index),
                         4,
                         hardware.TtbrCount == 1 ? $"TTBR[{stream}]" : $"TTBR[{stream}][{index}]",
                         fields: later ? "[0] valid, [31:2] PA>>14" : "[31] valid, [30:0] PA>>12",
                         writable: IsUnlocked)];
        if (later)
        {
            var words = (streams + 31) / 32;
            (_selects, _remaps) = ([], []);
            Registers.Add(AppleDartRegisters.TlbCommand, 4, "TLB_CMD", RegisterAccess.WriteOnly, fields: "[31] busy, [10:8] operation, [7:0] SID", onWrite: InvalidateOne);
            _errorMask = Registers.Add(AppleDartRegisters.ErrorMask, 4, "ERROR_MASK", reset: uint.MaxValue, fields: "[14:0] codes that raise no interrupt");
            _errorStreams = Registers.AddArray(AppleDartRegisters.ErrorStreams, words, 4, 4, "ERROR_STREAMS", RegisterAccess.WriteOneToClear, fields: "bit per SID");
            _enables = Registers.AddArray(hardware.EnableStreams, words, 4, 4, "ENABLE_STREAMS", RegisterAccess.WriteOneToSet, fields: "bit per SID", onWrite: (_, _) => Route());
            Registers.AddArray(AppleDartRegisters.DisableStreams, words, 4, 4, "DISABLE_STREAMS", RegisterAccess.WriteOnly, fields: "bit per SID", onWrite: Disable);
        }
        else
        {
            _errorStreams = [];
            Registers.Add(AppleDartRegisters.StreamCommand, 4, "STREAM_COMMAND", RegisterAccess.WriteOnly, fields: "[20] invalidate, [2] busy", onWrite: InvalidateSelected);
            _selects = Registers.AddArray(AppleDartRegisters.StreamSelect, (streams + 31) / 32, 4, 4, "STREAM_SELECT", fields: "bit per SID");
            _enables = Registers.AddArray(hardware.EnableStreams, 1, 4, 4, "STREAMS_ENABLE", fields: "bit per SID, the first 32", onWrite: (_, _) => Route());
            _remaps = new Register[AppleDartRegisters.RemappableStreams / 4];
            for (var i = 0; i < _remaps.Length; i++)
            {
                var identity = 0x03020100u + (0x04040404u * (uint)i);
                _remaps[i] = Registers.Add(
                    AppleDartRegisters.StreamRemap + (4 * (ulong)i), 4, $"STREAM_REMAP[{i}]", reset: identity, fields: "four streams, a byte each", onWrite: _ => Route());
            }
        }

        Route();
    }

    /// <summary>The generation.</summary>
    public AppleDartHardware Hardware { get; }

    /// <inheritdoc/>
    public string Name => Registers.Name;

    /// <inheritdoc/>
    public RegisterFile Registers { get; }

    /// <inheritdoc/>
    public Iotlb? Iotlb => _tlb;

    /// <inheritdoc/>
    /// <remarks>The code is the number of the bit that is set in ERROR.</remarks>
    public FaultLog Faults { get; } = new();

    /// <summary>Refused DMAs that left no record: ERROR still held an earlier one, or the stream does not exist, or blocked streams are dropped in silence.</summary>
    public long UnrecordedFaults { get; private set; }

    /// <inheritdoc/>
    public bool InterruptAsserted =>
        (_error.Value & AppleDartRegisters.ErrorFlag) != 0 && (_errorMask == null || (_error.Value & Hardware.ErrorCodeMask & ~_errorMask.Value) != 0);

    /// <inheritdoc/>
    public void Translate(ReadOnlySpan<DmaRequest> requests, Span<DmaCompletion> completions)
    {
        completions = completions[..requests.Length];
        // The stream of the previous request, if it is translated: a device's requests mostly come in runs.
        var (last, tag) = (ulong.MaxValue, 0UL);
        for (var i = 0; i < requests.Length; i++)
        {
            ref readonly var request = ref requests[i];
            if (request.Stream.Value != last)
            {
                var streams = _streams;
                if (request.Stream.Value >= (uint)streams.Length || streams[request.Stream.Value].Routing != StreamRouting.Translated)
                {
                    completions[i] = TranslateNot(request);
                    continue;
                }

                (last, tag) = (request.Stream.Value, (ulong)streams[request.Stream.Value].Source);
            }

            ref readonly var entry = ref _tlb.Find(tag, request.Iova.Value);
            completions[i] = !Unsafe.IsNullRef(in entry) && (entry.Permissions & Needed(request.Access)) != 0
                ? new DmaCompletion(new PhysicalAddress(entry.Translate(request.Iova.Value)), DmaStatus.Completed, request.Tag)
                : WalkOrRefuse(request, in entry);
        }
    }

    [MethodImpl(MethodImplOptions.NoInlining)]
    private DmaCompletion WalkOrRefuse(in DmaRequest request, ref readonly IotlbEntry entry) =>
        Unsafe.IsNullRef(in entry) ? Walk(request) : Refuse(request, Denied(request.Access));

    [MethodImpl(MethodImplOptions.NoInlining)]
    private DmaCompletion TranslateNot(in DmaRequest request)
    {
        if (request.Stream.Value >= (uint)_streams.Length)
        {
            UnrecordedFaults++;
            return new DmaCompletion(default, DmaStatus.Aborted, request.Tag);
        }

        return _streams[request.Stream.Value].Routing switch
        {
            StreamRouting.Bypassed => new DmaCompletion(new PhysicalAddress(request.Iova.Value), DmaStatus.Completed, request.Tag),
            StreamRouting.Contradictory => Refuse(request, AppleDartFault.Contradictory),
            _ => Refuse(request, AppleDartFault.Blocked),
        };
    }

    private DmaCompletion Walk(in DmaRequest request)
    {
        var source = _streams[request.Stream.Value].Source;
        var index = request.Iova.Value >> _walker.TableShift;
        var beyond = index >= (ulong)Hardware.TtbrCount;
        if (beyond && Hardware.Layout == AppleDartLayout.T8020)
            return Refuse(request, AppleDartFault.NoTtbr);
        var ttbr = (uint)_ttbrs[(source * Hardware.TtbrCount) + (beyond ? 0 : (int)index)].Value;
        if ((ttbr & Hardware.TtbrValid) == 0)
            return Refuse(request, AppleDartFault.NoTtbr);
        if (beyond)
            return Refuse(request, AppleDartFault.NoPgd);

        _walker.Walk(Hardware.DecodeTtbr(ttbr), request.Iova.Value, out var walk);
        if (walk.Status != WalkStatus.Ok)
            return Refuse(request, walk.Level == 1 ? AppleDartFault.NoPmd : AppleDartFault.NoPte);
        _tlb.Insert(new IotlbEntry
        {
            Tag = (ulong)source,
            Iova = request.Iova.Value,
            Output = walk.Output,
            PageShift = walk.PageShift,
            Permissions = walk.Permissions,
        });
        if ((walk.Permissions & Needed(request.Access)) == 0)
            return Refuse(request, Denied(request.Access));
        return new DmaCompletion(new PhysicalAddress(walk.Translate(request.Iova.Value)), DmaStatus.Completed, request.Tag);
    }

    [MethodImpl(MethodImplOptions.NoInlining)]
    private DmaCompletion Refuse(in DmaRequest request, AppleDartFault fault)
    {
        var stream = request.Stream.Value;
        if (fault == AppleDartFault.Blocked && !_options.RecordsBlockedStream)
        {
            UnrecordedFaults++;
            return new DmaCompletion(default, DmaStatus.Aborted, request.Tag);
        }

        if (_errorStreams.Length > 0)
            _errorStreams[stream / 32].Value |= 1u << (int)(stream % 32);
        if ((_error.Value & AppleDartRegisters.ErrorFlag) != 0)
        {
            UnrecordedFaults++;
            return new DmaCompletion(default, DmaStatus.Aborted, request.Tag);
        }

        var code = fault.Code(Hardware.Layout);
        _error.Value = Hardware.EncodeError(stream, code);
        _errorAddressLow.Value = (uint)request.Iova.Value;
        _errorAddressHigh.Value = request.Iova.Value >> 32;
        Faults.Add(new FaultRecord(request.Stream, request.Iova, request.Access, fault.Reason(), (ushort)code));
        return new DmaCompletion(default, DmaStatus.Aborted, request.Tag);
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static PagePermissions Needed(DmaAccess access) => (PagePermissions)(1 << (int)access);

    private static AppleDartFault Denied(DmaAccess access) => access == DmaAccess.Write ? AppleDartFault.WriteProtected : AppleDartFault.ReadProtected;

    private bool IsUnlocked() => (_lock.Value & Hardware.LockBit) == 0;

    // Every stream anew: a remapped stream follows its source's TCR.
    private void Route()
    {
        for (var i = 0; i < _streams.Length; i++)
        {
            var source = SourceOf(i);
            _streams[i] = new Stream(IsEnabled(i) ? Decode((uint)_controls[source].Value) : StreamRouting.Refused, source);
        }
    }

    private int SourceOf(int stream)
    {
        var source = stream;
        if (stream / 4 < _remaps.Length)
        {
            source = (int)(_remaps[stream / 4].Value >> (8 * (stream % 4))) & 0xff;
        }
        else if (Hardware.Layout == AppleDartLayout.T8110)
        {
            var control = new T8110StreamControl((uint)_controls[stream].Value);
            if (control.Remap)
                source = control.RemapTarget;
        }

        return source < _streams.Length ? source : stream;
    }

    private bool IsEnabled(int stream) => stream / 32 >= _enables.Length || ((_enables[stream / 32].Value >> (stream % 32)) & 1) != 0;

    private StreamRouting Decode(uint control)
    {
        var (translate, bypass) = Hardware.Layout == AppleDartLayout.T8110
            ? (new T8110StreamControl(control).Translate, new T8110StreamControl(control).Bypass)
            : (new StreamControl(control).Translate, new StreamControl(control).Bypass);
        return (translate, bypass) switch
        {
            (true, false) => StreamRouting.Translated,
            (false, true) when _options.BypassSupported => StreamRouting.Bypassed,
            (false, false) => StreamRouting.Refused,
            _ => StreamRouting.Contradictory,
        };
    }

    private void InvalidateSelected(ulong command)
    {
        if ((command & AppleDartRegisters.StreamCommandInvalidate) == 0)
            return;
        var selected = 0UL;
        for (var i = 0; i < _selects.Length; i++)
            selected |= _selects[i].Value << (32 * i);
        _tlb.Invalidate(new TlbStreamSet(selected));
    }

    private void InvalidateOne(ulong command)
    {
        switch (AppleDartRegisters.TlbOperation((uint)command))
        {
            case AppleDartRegisters.TlbFlushAll:
                _tlb.InvalidateAll();
                break;
            case AppleDartRegisters.TlbFlushStream:
                _tlb.Invalidate(new TlbStream((uint)command & 0xff));
                break;
        }
    }

    private void Disable(int word, ulong streams)
    {
        _enables[word].Value &= ~streams;
        Route();
    }

    private void AddParameters()
    {
        var later = Hardware.Layout == AppleDartLayout.T8110;
        AddIdentification(AppleDartRegisters.Params1, "PARAMS1", (uint)_options.PageShift << 24, "[27:24] log2 of the page size");
        AddIdentification(AppleDartRegisters.Params2, "PARAMS2", _options.BypassSupported ? 1u : 0, "[0] bypass supported");
        if (!later)
            return;
        var widths = ((uint)Hardware.Format.OutputBits << 24) | ((uint)(_options.VirtualBits & 0x3f) << 16);
        AddIdentification(AppleDartRegisters.Params3, "PARAMS3", widths, "[29:24] PA width, [21:16] VA width");
        AddIdentification(AppleDartRegisters.Params4, "PARAMS4", (uint)_options.T8110Streams, "[8:0] number of SIDs");
    }

    private void AddIdentification(ulong offset, string name, uint value, string fields) => Registers.Add(offset, 4, name, RegisterAccess.ReadOnly, value, fields);

    private Register Add(ulong offset, string name, string fields, Func<bool>? writable = null) => Registers.Add(offset, 4, name, fields: fields, writable: writable);

    private readonly record struct Stream(StreamRouting Routing, int Source);
}
