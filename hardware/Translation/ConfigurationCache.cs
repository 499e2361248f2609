using System.Runtime.CompilerServices;
using System.Runtime.InteropServices;

namespace Emulator.Hardware.Translation;

/// <summary>
/// The cache of what an IOMMU read about a stream: context entries, device table entries, stream table entries, context descriptors. An entry
/// stays until it is invalidated; when the cache is full, all of it is dropped.
/// </summary>
/// <remarks>Not for use by several threads at once. A lookup allocates nothing.</remarks>
/// <typeparam name="T">What is kept for a key.</typeparam>
public sealed class ConfigurationCache<T>
    where T : struct
{
    private readonly Dictionary<ulong, T> _entries = [];
    private readonly int _capacity;

    /// <summary>Makes an empty cache.</summary>
    /// <param name="capacity">Entries kept; 0 caches nothing. The default, no limit, is a [model] choice.</param>
    public ConfigurationCache(int capacity = int.MaxValue)
    {
        ArgumentOutOfRangeException.ThrowIfNegative(capacity);
        _capacity = capacity;
    }

    /// <summary>Entries present.</summary>
    public int Count => _entries.Count;

    /// <summary>Changes whenever an entry may have been replaced or dropped: who remembers an entry compares it first.</summary>
    public uint Generation { get; private set; }

    /// <summary>Finds the entry of a key.</summary>
    /// <returns>The entry, or a null reference (<see cref="Unsafe.IsNullRef{T}"/>). Valid until the next call that changes the cache.</returns>
    public ref T Find(ulong key) => ref CollectionsMarshal.GetValueRefOrNullRef(_entries, key);

    /// <summary>Adds or replaces an entry.</summary>
    public void Insert(ulong key, in T entry)
    {
        if (_capacity == 0)
            return;
        Generation++;
        if (_entries.Count >= _capacity && !_entries.ContainsKey(key))
            _entries.Clear();
        _entries[key] = entry;
    }

    /// <summary>Drops one entry.</summary>
    /// <returns>Whether it was present.</returns>
    public bool Invalidate(ulong key)
    {
        Generation++;
        return _entries.Remove(key);
    }

    /// <summary>Drops the entries for which <paramref name="selects"/> is true.</summary>
    /// <returns>How many were dropped.</returns>
    public int Invalidate(Func<ulong, T, bool> selects)
    {
        ArgumentNullException.ThrowIfNull(selects);
        Generation++;
        var dropped = 0;
        foreach (var (key, entry) in _entries)
        {
            if (selects(key, entry) && _entries.Remove(key))
                dropped++;
        }

        return dropped;
    }

    /// <summary>Drops everything.</summary>
    public void InvalidateAll()
    {
        Generation++;
        _entries.Clear();
    }
}
