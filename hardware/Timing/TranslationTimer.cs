using System.Runtime.CompilerServices;

namespace Emulator.Hardware.Timing;

/// <summary>
/// When an IOMMU has translated a DMA: at once when its IOTLB had the entry, else after a walk by the walker that is free first. A hit on an entry whose walk
/// is still going on waits for that walk. DMAs are given in the order of their arrival.
/// </summary>
/// <remarks>Which DMA hits is the silicon's affair; this knows only how long what it did takes. Walks are remembered by pages of 4 KiB: a hit elsewhere in a
/// larger page whose first walk still goes on does not wait, a [model] choice. Not for several threads at once.</remarks>
public sealed class TranslationTimer
{
    /// <summary>Walkers at most.</summary>
    public const int MaxWalkers = 64;

    // A walk is remembered until another one with the same index begins: far longer than walks take.
    private const int Remembered = 512;
    private const int PageShift = 12;

    private readonly long _walk;
    private readonly long _holdRead;
    private readonly long _holdWrite;
    // When each walker is free, the earliest first from _first on around: a walk begins when the earliest says, and ends later than most.
    private readonly long[] _free;
    private readonly ulong[] _pages = new ulong[Remembered];
    private readonly long[] _ready = new long[Remembered];
    private int _first;
    private long _lastReady;

    /// <summary>Makes a timer of an IOMMU at rest.</summary>
    /// <exception cref="ArgumentException">The record is outside its limits.</exception>
    public TranslationTimer(IommuTiming timing)
    {
        ArgumentNullException.ThrowIfNull(timing);
        timing.Validate();
        _walk = VirtualTime.FromNanoseconds(timing.Walk);
        _holdRead = VirtualTime.FromNanoseconds(timing.HoldRead);
        _holdWrite = VirtualTime.FromNanoseconds(timing.HoldWrite);
        _free = new long[timing.Walkers];
    }

    /// <summary>The sum of the times that walks waited for a walker.</summary>
    public long Waited { get; private set; }

    /// <summary>A DMA whose translation the IOTLB had.</summary>
    /// <param name="arrival">When it reached the IOMMU.</param>
    /// <param name="stream">Who sent it.</param>
    /// <param name="iova">Its address.</param>
    /// <returns>When it was translated.</returns>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public long Hit(long arrival, ulong stream, ulong iova)
    {
        if (arrival >= _lastReady)
            return arrival;
        var page = Page(stream, iova);
        var index = Index(page);
        return _pages[index] == page && _ready[index] > arrival ? _ready[index] : arrival;
    }

    /// <summary>A DMA whose translation took a walk.</summary>
    /// <param name="arrival">When it reached the IOMMU.</param>
    /// <param name="stream">Who sent it.</param>
    /// <param name="iova">Its address.</param>
    /// <param name="isWrite">Its direction.</param>
    /// <returns>When it was translated.</returns>
    public long Miss(long arrival, ulong stream, ulong iova, bool isWrite)
    {
        var free = _free[_first];
        var start = Math.Max(arrival, free);
        Waited += start - arrival;
        var translated = start + _walk;
        Occupy(translated + (isWrite ? _holdWrite : _holdRead));
        _lastReady = Math.Max(_lastReady, translated);
        var page = Page(stream, iova);
        var index = Index(page);
        (_pages[index], _ready[index]) = (page, translated);
        return translated;
    }

    // The walker that was free first is so again at a time; those that are busy longer stay behind it.
    private void Occupy(long until)
    {
        var free = _free;
        var place = _first;
        _first = place + 1 == free.Length ? 0 : place + 1;
        while (place != _first)
        {
            var before = place == 0 ? free.Length - 1 : place - 1;
            if (free[before] <= until)
                break;
            free[place] = free[before];
            place = before;
        }

        free[place] = until;
    }

    // Streams lie far apart by the golden ratio. Nothing remembered is 0, ready since ever, and so delays nobody.
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static ulong Page(ulong stream, ulong iova) => (iova >> PageShift) + (stream * 0x9e3779b97f4a7c15);

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static int Index(ulong page) => (int)(page & (Remembered - 1));
}
