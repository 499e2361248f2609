using System.Runtime.CompilerServices;

namespace Emulator.Hardware.Iommus.Omap;

/// <summary>The TLB: 8 or 32 entries that any page of the four sizes may take, numbered, for software to read and load one by one.</summary>
internal sealed class OmapTlb
{
    public const int None = -1;

    public const int Several = -2;

    private readonly Entry[] _entries;
    private int _last;
    private bool _overlap;

    public OmapTlb(int entries)
    {
        _entries = new Entry[entries];
        Array.Fill(_entries, Entry.Invalid);
    }

    public int Size => _entries.Length;

    /// <summary>The entry of an address; <see cref="None"/>, or <see cref="Several"/> when more than one matches.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public int Find(uint address) => !_overlap && _entries[_last].Matches(address) ? _last : Search(address);

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public uint Translate(int index, uint address) => (_entries[index].Ram & _entries[index].Mask) | (address & ~_entries[index].Mask);

    // Entries that do not exist read as empty ones.
    public uint ReadCam(int index) => index < Size ? _entries[index].Cam : 0;

    public uint ReadRam(int index) => index < Size ? _entries[index].Ram : 0;

    public void Load(int index, uint cam, uint ram)
    {
        if (index >= Size)
            return;
        _entries[index] = new Entry(cam, ram);
        _overlap = _overlap ? HasOverlaps() : OverlapsOthers(index, _entries.Length);
    }

    /// <summary>Flushes what is neither preserved nor locked.</summary>
    public void FlushAll(int locked)
    {
        for (var i = locked; i < Size; i++)
        {
            if ((_entries[i].Cam & OmapRegisters.CamPreserved) == 0)
                _entries[i] = Entry.Invalid;
        }

        _overlap = _overlap && HasOverlaps();
    }

    /// <summary>Flushes the entries of an address.</summary>
    public void Flush(uint address)
    {
        foreach (ref var entry in _entries.AsSpan())
        {
            if (entry.Matches(address))
                entry = Entry.Invalid;
        }

        _overlap = _overlap && HasOverlaps();
    }

    private int Search(uint address)
    {
        var found = None;
        for (var i = 0; i < _entries.Length; i++)
        {
            if (!_entries[i].Matches(address))
                continue;
            if (found != None)
                return Several;
            found = i;
            if (!_overlap)
                break;
        }

        if (found != None)
            _last = found;
        return found;
    }

    private bool HasOverlaps()
    {
        for (var i = 1; i < _entries.Length; i++)
        {
            if (OverlapsOthers(i, i))
                return true;
        }

        return false;
    }

    private bool OverlapsOthers(int index, int end)
    {
        for (var i = 0; i < end; i++)
        {
            if (i != index && _entries[i].Overlaps(_entries[index]))
                return true;
        }

        return false;
    }

    private readonly struct Entry
    {
        public static readonly Entry Invalid = new(0, 0);

        // Above all addresses when the entry is not valid.
        private readonly ulong _tag;

        public readonly uint Mask;
        public readonly uint Cam;
        public readonly uint Ram;

        public Entry(uint cam, uint ram)
        {
            (Cam, Ram) = (cam, ram);
            Mask = uint.MaxValue << OmapRegisters.CamPageShift(cam);
            _tag = (cam & OmapRegisters.CamValid) != 0 ? cam & Mask : ulong.MaxValue;
        }

        [MethodImpl(MethodImplOptions.AggressiveInlining)]
        public bool Matches(uint address) => (address & Mask) == _tag;

        public bool Overlaps(in Entry other) =>
            _tag != ulong.MaxValue && other._tag != ulong.MaxValue && (_tag & other.Mask) == (other._tag & Mask);
    }
}
