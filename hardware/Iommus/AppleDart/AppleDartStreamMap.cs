namespace Emulator.Hardware.Iommus.AppleDart;

/// <summary>A set of streams of one DART. Source: Linux 6.1 drivers/iommu/apple-dart.c, struct apple_dart_stream_map.</summary>
internal sealed class AppleDartStreamMap(int unit)
{
    private readonly SortedSet<int> _streams = [];

    public int Unit => unit;

    // Ascending, as for_each_set_bit finds them.
    public IEnumerable<int> Streams => _streams;

    // 32-bit words that hold a bit for each stream.
    public static int Words(int streams) => (streams + 31) / 32;

    public void Add(int stream) => _streams.Add(stream);

    public void Add(AppleDartStreamMap other) => _streams.UnionWith(other._streams);

    public void Remove(AppleDartStreamMap other) => _streams.ExceptWith(other._streams);

    public AppleDartStreamMap Copy()
    {
        var copy = new AppleDartStreamMap(Unit);
        copy.Add(this);
        return copy;
    }

    public uint Word(int index)
    {
        var word = 0u;
        foreach (var stream in _streams)
        {
            if (stream / 32 == index)
                word |= 1u << (stream % 32);
        }

        return word;
    }
}
