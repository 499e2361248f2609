using System.Runtime.CompilerServices;

namespace Emulator.Hardware.Timing;

/// <summary>
/// When a device sends its DMAs and when they are done: the link lets one go after the other, a read waits for the tag and a write for the slot that frees
/// next, in the order of issue. That alone ties throughput to latency.
/// </summary>
/// <remarks>Reads and writes share the link's clock and have in-flight limits of their own, a [model] choice: the measurements have one direction each. Not for
/// several threads at once.</remarks>
public sealed class RequestTimer
{
    /// <summary>DMAs of a direction in flight at most.</summary>
    public const int MaxInFlight = 1024;

    private readonly DeviceTiming _timing;
    private readonly long _upstream;
    private readonly long[] _reads;
    private readonly long[] _writes;
    private readonly int _mask;
    private int _nextRead;
    private int _nextWrite;
    private long _linkFree;
    private Kind _read = new() { Length = -1 };
    private Kind _write = new() { Length = -1 };

    /// <summary>Makes a timer of a device at rest.</summary>
    /// <exception cref="ArgumentException">The record is outside its limits.</exception>
    public RequestTimer(DeviceTiming timing)
    {
        ArgumentNullException.ThrowIfNull(timing);
        timing.Validate();
        _timing = timing;
        _upstream = VirtualTime.FromNanoseconds(timing.Upstream);
        var slots = (int)System.Numerics.BitOperations.RoundUpToPowerOf2((uint)Math.Max(timing.PostedSlots, Math.Max(timing.SmallTags, timing.LargeTags)));
        _mask = slots - 1;
        _reads = new long[slots];
        _writes = new long[slots];
    }

    /// <summary>From the device to the IOMMU.</summary>
    public long Upstream => _upstream;

    /// <summary>When a DMA can be issued: not before the time given, the link, and the tag or slot allow.</summary>
    /// <param name="earliest">When the device wants to.</param>
    /// <param name="length">Its bytes.</param>
    /// <param name="isWrite">Its direction.</param>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public long IssueTime(long earliest, int length, bool isWrite)
    {
        ref var kind = ref KindOf(length, isWrite);
        var slotFree = isWrite ? _writes[(_nextWrite - kind.InFlight) & _mask] : _reads[(_nextRead - kind.InFlight) & _mask];
        return Math.Max(earliest, Math.Max(_linkFree, slotFree));
    }

    /// <summary>A DMA was issued at the time that <see cref="IssueTime"/> said, and translated.</summary>
    /// <param name="issued">When it was issued.</param>
    /// <param name="translated">When it was translated; at least <see cref="Upstream"/> later.</param>
    /// <param name="length">Its bytes.</param>
    /// <param name="isWrite">Its direction.</param>
    /// <param name="hasData">Whether it goes on to memory; false when it was refused.</param>
    /// <returns>When it is done: data arrived, or committed, or refused.</returns>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public long Complete(long issued, long translated, int length, bool isWrite, bool hasData = true)
    {
        ref var kind = ref KindOf(length, isWrite);
        var done = hasData ? translated + kind.AfterTranslation : translated;
        _linkFree = issued + kind.Interval;
        if (isWrite)
            _writes[_nextWrite++ & _mask] = done;
        else
            _reads[_nextRead++ & _mask] = done;
        return done;
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private ref Kind KindOf(int length, bool isWrite)
    {
        ref var kind = ref isWrite ? ref _write : ref _read;
        if (kind.Length != length)
            kind = Compute(length, isWrite);
        return ref kind;
    }

    private Kind Compute(int length, bool isWrite) => new()
    {
        Length = length,
        InFlight = _timing.InFlight(length, isWrite),
        Interval = VirtualTime.FromNanoseconds(_timing.Interval(length, isWrite)),
        AfterTranslation = VirtualTime.FromNanoseconds(_timing.Unloaded(length, isWrite)) - _upstream,
    };

    // What follows from a length; DMAs of one length come in runs.
    private struct Kind
    {
        public int Length;
        public int InFlight;
        public long Interval;
        public long AfterTranslation;
    }
}
