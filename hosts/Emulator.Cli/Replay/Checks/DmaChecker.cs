using Emulator.Cli.Replay.Alignment;
using Emulator.Cli.Replay.DmaLogs;
using Emulator.Cli.Replay.Host;
using Emulator.Hardware.Dma;
using Emulator.Hardware.Drivers;

namespace Emulator.Cli.Replay.Checks;

/// <summary>
/// Sends the requests of a DMA log through the silicon while a trace is replayed. A request is sent when its window (see
/// <see cref="ClockAlignment"/>) begins, before the first event in it, and again after every event in it that may have changed its answer. It
/// matches when one of the answers is the log's: the map that was live at any moment of the window may have been the one that it met.
/// </summary>
public sealed class DmaChecker
{
    /// <summary>Requests sent to the silicon at once.</summary>
    public const int BatchSize = 256;

    /// <summary>Requests that may wait for the end of their window; when there are more, the oldest cannot be attributed: the clocks tell too little.</summary>
    public const int MaxWaiting = 1 << 12;

    private readonly ReplayHost _host;
    private readonly DmaLogReader _log;
    private readonly ClockAlignment _alignment;
    private readonly DmaRequest[] _requests = new DmaRequest[BatchSize];
    private readonly DmaCompletion[] _completions = new DmaCompletion[BatchSize];
    private readonly WaitingDma[] _batch = new WaitingDma[BatchSize];
    private readonly List<WaitingDma> _waiting = [];
    private WaitingDma _head;
    private long _headFirst;
    private bool _hasHead;
    private bool _traceEnded;

    /// <summary>Makes a checker.</summary>
    /// <param name="host">The host whose silicon is asked.</param>
    /// <param name="log">The log, at its beginning.</param>
    /// <param name="alignment">The log's clock.</param>
    public DmaChecker(ReplayHost host, DmaLogReader log, ClockAlignment alignment)
    {
        (_host, _log, _alignment) = (host, log, alignment);
        Advance();
    }

    /// <summary>The counts so far.</summary>
    public DmaCounts Counts { get; } = new();

    /// <summary>Requests that contradict the log, the first ones in words.</summary>
    public ProblemList Problems { get; } = new();

    /// <summary>To be called before each event: sends what is due, judges what waited long enough.</summary>
    /// <param name="time">The event's time.</param>
    public void Before(long time)
    {
        while (_hasHead && _headFirst <= time)
            SendBatch(time);
        if (_waiting.Count > 0)
            Judge(time);
    }

    /// <summary>To be called after each event: tries again what it may have changed.</summary>
    public void After(HostChange change)
    {
        if (_waiting.Count == 0 || change == HostChange.None)
            return;
        var kept = 0;
        for (var i = 0; i < _waiting.Count; i++)
        {
            var dma = _waiting[i];
            if (!change.Affects(dma.Entry.Iova, dma.Entry.OffsetMask) || !TryAgain(ref dma))
                _waiting[kept++] = dma;
        }

        _waiting.RemoveRange(kept, _waiting.Count - kept);
    }

    /// <summary>To be called after the last event: everything left is sent and judged.</summary>
    public void Finish()
    {
        Judge(long.MaxValue);
        _traceEnded = true;
        Before(long.MaxValue);
        Judge(long.MaxValue);
    }

    private static DmaRequest Request(in DmaLogEntry entry, DmaAccess access) => new(entry.Stream, new Iova(entry.Iova), access, length: 1);

    private void SendBatch(long time)
    {
        var count = 0;
        while (count < BatchSize && _hasHead && _headFirst <= time)
        {
            _batch[count] = _head;
            _requests[count] = Request(_head.Entry, _head.Entry.Access ?? DmaAccess.Read);
            count++;
            Advance();
        }

        _host.Silicon.Translate(_requests.AsSpan(0, count), _completions.AsSpan(0, count));
        _host.HandleInterrupt();
        for (var i = 0; i < count; i++)
        {
            ref var dma = ref _batch[i];
            Count(dma.Entry.Kind);
            if (!Settle(ref dma, Answer(ref dma, _completions[i])))
                _waiting.Add(dma);
        }

        if (_waiting.Count > MaxWaiting)
        {
            foreach (var dma in _waiting[..(MaxWaiting / 2)])
                Conclude(dma, early: true);
            _waiting.RemoveRange(0, MaxWaiting / 2);
        }
    }

    private void Advance()
    {
        _hasHead = false;
        while (!_hasHead && _log.TryRead(out var entry))
        {
            if (entry.Kind is not (DmaLogEntryKind.Translated or DmaLogEntryKind.Bypassed or DmaLogEntryKind.Refused))
                continue;
            (_headFirst, var last) = _alignment.Window(entry.Time);
            _head = new WaitingDma(entry, _log.Line, last);
            _hasHead = true;
        }
    }

    private bool TryAgain(ref WaitingDma dma)
    {
        var request = Request(dma.Entry, dma.Entry.Access ?? DmaAccess.Read);
        Span<DmaCompletion> completion = stackalloc DmaCompletion[1];
        _host.Silicon.Translate([request], completion);
        _host.HandleInterrupt();
        return Settle(ref dma, Answer(ref dma, completion[0]));
    }

    private DmaAnswer Answer(ref WaitingDma dma, DmaCompletion completion)
    {
        // The log does not tell the direction: the one that the mapping allows may have been it.
        if (dma.Entry.Access == null && completion.Status == DmaStatus.Completed == (dma.Entry.Kind == DmaLogEntryKind.Refused))
        {
            Span<DmaCompletion> other = stackalloc DmaCompletion[1];
            _host.Silicon.Translate([Request(dma.Entry, DmaAccess.Write)], other);
            _host.HandleInterrupt();
            completion = other[0];
        }

        if (dma.Entry.Kind == DmaLogEntryKind.Refused)
            return completion.Status == DmaStatus.Completed ? DmaAnswer.Other : DmaAnswer.Alike;
        if (completion.Status != DmaStatus.Completed)
            return DmaAnswer.Other;
        var (landed, told) = (completion.Address.Value & ~dma.Entry.OffsetMask, dma.Entry.Landed & ~dma.Entry.OffsetMask);
        if (landed != told)
        {
            dma.Elsewhere = completion.Address.Value;
            return DmaAnswer.Other;
        }

        var backed = _host.FindDevice(dma.Entry.Stream)?.Domain?.Lookup(dma.Entry.Iova);
        return backed is { } address && (address & ~dma.Entry.OffsetMask) == told ? DmaAnswer.Alike : DmaAnswer.AlikeButStale;
    }

    private bool Settle(ref WaitingDma dma, DmaAnswer answer)
    {
        if (answer == DmaAnswer.AlikeButStale)
            dma.Stale = true;
        if (answer != DmaAnswer.Alike)
            return false;
        switch (dma.Entry.Kind)
        {
            case DmaLogEntryKind.Refused:
                Counts.RefusedAlike++;
                break;
            case DmaLogEntryKind.Bypassed:
                Counts.BypassedAlike++;
                break;
            default:
                Counts.Matched++;
                if (_host.FindDevice(dma.Entry.Stream)?.Domain?.Domain.Type == DomainType.Identity)
                    Counts.Identity++;
                break;
        }

        return true;
    }

    private void Count(DmaLogEntryKind kind)
    {
        switch (kind)
        {
            case DmaLogEntryKind.Refused:
                Counts.Refused++;
                break;
            case DmaLogEntryKind.Bypassed:
                Counts.Bypassed++;
                break;
            default:
                Counts.Dmas++;
                break;
        }
    }

    private void Judge(long time)
    {
        var kept = 0;
        for (var i = 0; i < _waiting.Count; i++)
        {
            if (_waiting[i].Last < time)
                Conclude(_waiting[i]);
            else
                _waiting[kept++] = _waiting[i];
        }

        _waiting.RemoveRange(kept, _waiting.Count - kept);
    }

    private void Conclude(in WaitingDma dma, bool early = false)
    {
        var untold = early || _traceEnded || _alignment.IsDoubtful || _host.IsGuessing;
        var domain = _host.FindDevice(dma.Entry.Stream)?.Domain;
        switch (dma.Entry.Kind)
        {
            case DmaLogEntryKind.Refused when untold || _host.Assumptions.Protections > 0:
                Counts.RefusedUnattributed++;
                break;
            case DmaLogEntryKind.Refused:
                Report(dma, "was refused", "it passes");
                break;
            case DmaLogEntryKind.Bypassed when untold || domain is not { TypeIsKnown: true }:
                Counts.BypassedUnattributed++;
                break;
            case DmaLogEntryKind.Bypassed:
                Report(dma, "passed in bypass", "it does not");
                break;
            case var _ when dma.Stale:
                Counts.Stale++;
                break;
            case var _ when untold || domain == null:
                Counts.Unattributed++;
                break;
            case var _ when dma.Elsewhere is { } address:
                Counts.Mismatched++;
                Report(dma, $"landed at 0x{dma.Entry.Landed:x}", $"it lands at 0x{address:x}");
                break;
            case var _ when !domain.TypeIsKnown:
                // A domain of unknown type may pass addresses through, or invalidate late.
                Counts.Unattributed++;
                break;
            default:
                Counts.Violations++;
                Report(dma, $"landed at 0x{dma.Entry.Landed:x}", "its domain maps nothing there");
                break;
        }
    }

    private void Report(in WaitingDma dma, string log, string silicon) =>
        Problems.Add($"line {dma.Line} of the DMA log: {_host.FindDevice(dma.Entry.Stream)?.Device.Name ?? dma.Entry.Stream.ToPci()} to 0x{dma.Entry.Iova:x} {log}, here {silicon}");
}
