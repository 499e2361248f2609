namespace Emulator.Cli.Replay.Loads;

/// <summary>Whose cache the flushed addresses of a CPU went to, when that CPU unmapped just as another one ended the flush: both free what is flushed of the ring, and
/// the first one has it.</summary>
/// <remarks>The trace does not tell which it was; what it tells is who was given these addresses next, and that is by far most often the CPU whose cache has
/// them.</remarks>
internal static class FlushRaces
{
    /// <summary>How near an unmap must be to the end of the flush, in picoseconds.</summary>
    public const long WindowPs = 50_000_000;

    /// <summary>Decides all races of a trace.</summary>
    /// <param name="calls">The calls in order; <see cref="RecordedDmaCall.ReclaimedByOwner"/> of flushes is set.</param>
    /// <param name="cpus">CPUs; those from 64 on are left out.</param>
    /// <returns>How many were won by the owner of the ring.</returns>
    public static long Decide(IReadOnlyList<RecordedDmaCall> calls, int cpus)
    {
        var won = 0L;
        var queued = new Dictionary<(int Domain, int Cpu), List<ulong>>();
        for (var i = 0; i < calls.Count; i++)
        {
            var call = calls[i];
            if (call.Kind == RecordedCallKind.Unmap)
            {
                if (!queued.TryGetValue((call.Domain, call.Cpu), out var ring))
                    queued[(call.Domain, call.Cpu)] = ring = [];
                ring.Add(call.Iova);
            }

            if (call.Kind != RecordedCallKind.FinishFlush)
                continue;
            for (var cpu = 0; cpu < Math.Min(cpus, 64); cpu++)
            {
                if (!queued.Remove((call.Domain, cpu), out var addresses) || cpu == call.Cpu || !IsRaced(calls, i, cpu))
                    continue;
                if (!WentTo(calls, i, cpu, addresses))
                    continue;
                call.ReclaimedByOwner |= 1UL << cpu;
                won++;
            }
        }

        return won;
    }

    private static bool IsRaced(IReadOnlyList<RecordedDmaCall> calls, int flush, int cpu)
    {
        for (var step = -1; step <= 1; step += 2)
        {
            for (var i = flush + step; i >= 0 && i < calls.Count && Math.Abs(calls[i].TimePs - calls[flush].TimePs) <= WindowPs; i += step)
            {
                if (calls[i].Kind == RecordedCallKind.Unmap && calls[i].Cpu == cpu && calls[i].Domain == calls[flush].Domain)
                    return true;
            }
        }

        return false;
    }

    // The next use of each address, up to the next flush.
    private static bool WentTo(IReadOnlyList<RecordedDmaCall> calls, int flush, int cpu, List<ulong> addresses)
    {
        var waiting = addresses.ToHashSet();
        var (own, other) = (0, 0);
        for (var i = flush + 1; i < calls.Count && waiting.Count > 0; i++)
        {
            var call = calls[i];
            if (call.Domain != calls[flush].Domain)
                continue;
            if (call.Kind == RecordedCallKind.FinishFlush && own + other > 0)
                break;
            if (call.Memory.Count == 0 || !waiting.Remove(call.Iova))
                continue;
            (own, other) = call.Cpu == cpu ? (own + 1, other) : (own, other + 1);
        }

        return own > other;
    }
}
