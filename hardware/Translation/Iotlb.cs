using System.Numerics;
using System.Runtime.CompilerServices;
using System.Runtime.InteropServices;
using System.Runtime.Intrinsics;
using Emulator.Hardware.Faults;

namespace Emulator.Hardware.Translation;

/// <summary>
/// The cache of translations of an IOMMU: set-associative, with pages of several sizes side by side. It knows nothing of the tables: an entry
/// stays, right or stale, until an invalidation selects it or another entry takes its place.
/// </summary>
/// <remarks>Replacement is round-robin in each set, so the same accesses always leave the same content. Not for use by several threads at once.
/// A lookup allocates nothing.</remarks>
public sealed unsafe class Iotlb
{
    private const int Lanes = 4;
    private const nuint Alignment = Lanes * sizeof(ulong);

    private readonly IotlbEntry[] _entries;
    private readonly byte[] _nextWay;
    private readonly int[] _livePerShift = new int[64];
    private readonly int _setMask;
    private readonly int _ways;

    // The page key of each entry, 0 where there is none, apart from the entries, so that a lookup compares four ways at once. A set takes a multiple
    // of four places. The array is pinned; the pointer is into it, aligned for the comparison.
    private readonly ulong[] _keyWords;
    private readonly ulong* _keys;
    private readonly int _stride;
    private readonly Dictionary<(ulong Tag, ulong Page), IotlbEntry>? _unbounded;
    private ulong _shifts;

    /// <summary>Makes an empty IOTLB.</summary>
    /// <exception cref="ArgumentException">The number of sets is no power of two, or there is no way, or more than 255.</exception>
    public Iotlb(IotlbGeometry geometry)
    {
        ArgumentNullException.ThrowIfNull(geometry);
        if (geometry.Sets < 1 || !BitOperations.IsPow2(geometry.Sets) || geometry.Ways is < 1 or > 255)
            throw new ArgumentException($"an IOTLB of {geometry.Sets} sets and {geometry.Ways} ways: sets must be a power of two, ways 1 to 255", nameof(geometry));
        Geometry = geometry;
        _ways = geometry.Ways;
        _setMask = geometry.Sets - 1;
        _nextWay = new byte[geometry.Sets];
        _unbounded = geometry.Unbounded ? [] : null;
        var sets = geometry.Unbounded || geometry.Disabled ? 0 : geometry.Sets;
        _stride = (_ways + Lanes - 1) / Lanes * Lanes;
        _entries = GC.AllocateArray<IotlbEntry>(sets * _stride, pinned: true);
        _keyWords = GC.AllocateArray<ulong>(_entries.Length + Lanes, pinned: true);
        _keys = (ulong*)(((nuint)Unsafe.AsPointer(ref MemoryMarshal.GetArrayDataReference(_keyWords)) + Alignment - 1) & ~(Alignment - 1));
    }

    /// <summary>Its size and shape.</summary>
    public IotlbGeometry Geometry { get; }

    /// <summary>What goes wrong with invalidations; null when nothing does.</summary>
    public InvalidationFaults? Faults { get; set; }

    /// <summary>Lookups that found an entry.</summary>
    public long Hits { get; private set; }

    /// <summary>Lookups that found none.</summary>
    public long Misses { get; private set; }

    /// <summary>Translations that were added, kept or not: as many as there were walks that found one.</summary>
    public long Fills { get; private set; }

    /// <summary>Entries that another one replaced.</summary>
    public long Evictions { get; private set; }

    /// <summary>Entries that invalidations dropped.</summary>
    public long Invalidated { get; private set; }

    /// <summary>Entries present.</summary>
    public int Count { get; private set; }

    /// <summary>Finds the translation of an address.</summary>
    /// <param name="tag">The identity under which entries are looked up.</param>
    /// <param name="iova">The address.</param>
    /// <returns>The entry, or a null reference (<see cref="Unsafe.IsNullRef{T}"/>). Valid until the next call that changes the cache.</returns>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public ref readonly IotlbEntry Find(ulong tag, ulong iova)
    {
        for (var shifts = _shifts; shifts != 0; shifts &= shifts - 1)
        {
            ref var entry = ref Probe(tag, PageKey(iova, BitOperations.TrailingZeroCount(shifts)));
            if (!Unsafe.IsNullRef(ref entry))
            {
                Hits++;
                return ref entry;
            }
        }

        Misses++;
        return ref Unsafe.NullRef<IotlbEntry>();
    }

    /// <summary>Adds a translation, or replaces the one of the same tag and page.</summary>
    /// <param name="entry">The translation. <see cref="IotlbEntry.Iova"/> and <see cref="IotlbEntry.Output"/> are cut to the page; its size is 64 bytes to 2^63.</param>
    public void Insert(in IotlbEntry entry)
    {
        Fills++;
        if (Geometry.Disabled)
            return;
        var added = entry;
        var offset = (1UL << added.PageShift) - 1;
        added.Iova &= ~offset;
        added.Output &= ~offset;
        var pageKey = PageKey(added.Iova, added.PageShift);
        if (_unbounded != null)
        {
            ref var slot = ref CollectionsMarshal.GetValueRefOrAddDefault(_unbounded, (added.Tag, pageKey), out var exists);
            slot = added;
            if (!exists)
                Appear(added.PageShift);
            return;
        }

        ref var place = ref Probe(added.Tag, pageKey);
        if (Unsafe.IsNullRef(ref place))
        {
            var index = Victim(FirstOfSet(added.Tag, pageKey));
            place = ref _entries[index];
            if (_keys[index] != 0)
            {
                Evictions++;
                Disappear(place.PageShift);
            }

            _keys[index] = pageKey;
            Appear(added.PageShift);
        }

        place = added;
    }

    /// <summary>Drops everything.</summary>
    /// <returns>How many entries were dropped.</returns>
    public int InvalidateAll() => Invalidate(default(Everything));

    /// <summary>Drops the entries that the selector selects.</summary>
    /// <returns>How many entries were dropped.</returns>
    public int Invalidate<TSelector>(TSelector selector)
        where TSelector : struct, IIotlbSelector =>
        Faults is { } faults ? InvalidateUnlessTaken(selector, faults) : Drop(selector);

    private int InvalidateUnlessTaken<TSelector>(TSelector selector, InvalidationFaults faults)
        where TSelector : struct, IIotlbSelector =>
        faults.Takes(() => Drop(selector)) ? 0 : Drop(selector);

    private int Drop<TSelector>(TSelector selector)
        where TSelector : struct, IIotlbSelector
    {
        var dropped = 0;
        if (_unbounded != null)
        {
            foreach (var (key, entry) in _unbounded)
            {
                if (!selector.Selects(entry))
                    continue;
                _unbounded.Remove(key);
                Disappear(entry.PageShift);
                dropped++;
            }
        }
        else if (Count > 0)
        {
            for (var index = 0; index < _entries.Length; index++)
            {
                if (_keys[index] == 0 || !selector.Selects(_entries[index]))
                    continue;
                Disappear(_entries[index].PageShift);
                _keys[index] = 0;
                dropped++;
            }
        }

        Invalidated += dropped;
        return dropped;
    }

    /// <summary>Counts the entries that the selector selects.</summary>
    public int CountSelected<TSelector>(TSelector selector)
        where TSelector : struct, IIotlbSelector
    {
        var count = 0;
        if (_unbounded != null)
        {
            foreach (var entry in _unbounded.Values)
                count += selector.Selects(entry) ? 1 : 0;
        }
        else if (Count > 0)
        {
            for (var index = 0; index < _entries.Length; index++)
                count += _keys[index] != 0 && selector.Selects(_entries[index]) ? 1 : 0;
        }

        return count;
    }

    // Page address and size in one word; a size is at least 64 bytes, so the low bits are free, and the word is never zero.
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static ulong PageKey(ulong iova, int shift) => ((iova >> shift) << shift) | (uint)shift;

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private int FirstOfSet(ulong tag, ulong pageKey)
    {
        var page = pageKey >> (int)(pageKey & 63);
        return (int)(((uint)page ^ (uint)(page >> 16) ^ (uint)((tag * 0x9e3779b97f4a7c15UL) >> 40)) & (uint)_setMask) * _stride;
    }

    // In which way an entry is, no branch can foresee; so there is none between the ways. Two ways of one page have different tags.
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private ref IotlbEntry Probe(ulong tag, ulong pageKey)
    {
        if (_unbounded != null)
            return ref CollectionsMarshal.GetValueRefOrNullRef(_unbounded, (tag, pageKey));
        var first = FirstOfSet(tag, pageKey);
        for (var index = first; index < first + _ways; index += Lanes)
        {
            for (var same = Vector256.Equals(Vector256.LoadAligned(_keys + index), Vector256.Create(pageKey)).ExtractMostSignificantBits(); same != 0; same &= same - 1)
            {
                ref var entry = ref Unsafe.Add(ref MemoryMarshal.GetArrayDataReference(_entries), index + BitOperations.TrailingZeroCount(same));
                if (entry.Tag == tag)
                    return ref entry;
            }
        }

        return ref Unsafe.NullRef<IotlbEntry>();
    }

    // The place of a set that the next entry takes.
    private int Victim(int first)
    {
        for (var index = first; index < first + _ways; index++)
        {
            if (_keys[index] == 0)
                return index;
        }

        ref var next = ref _nextWay[first / _stride];
        var victim = next;
        next = (byte)((victim + 1) % _ways);
        return first + victim;
    }

    private void Appear(int shift)
    {
        Count++;
        _livePerShift[shift]++;
        _shifts |= 1UL << shift;
    }

    private void Disappear(int shift)
    {
        Count--;
        if (--_livePerShift[shift] == 0)
            _shifts &= ~(1UL << shift);
    }

    private readonly struct Everything : IIotlbSelector
    {
        public bool Selects(in IotlbEntry entry) => true;
    }
}
