namespace Emulator.Actors.Devices;

/// <summary>The batches of each device that went out and that the bus has dealt with: what lies between them is in flight. Each side has one writer, and each count a cache line to itself.</summary>
internal sealed class BatchCounts(int devices)
{
    private const int LongsInLine = 8;

    private readonly long[] _sent = new long[(devices + 2) * LongsInLine];
    private readonly long[] _answered = new long[(devices + 2) * LongsInLine];

    public long Sent(int device) => Volatile.Read(ref Of(_sent, device));

    public long Answered(int device) => Volatile.Read(ref Of(_answered, device));

    /// <summary>Writer: the device's actor.</summary>
    public void AddSent(int device) => Add(ref Of(_sent, device));

    /// <summary>Writer: the translation actor.</summary>
    public void AddAnswered(int device) => Add(ref Of(_answered, device));

    private static ref long Of(long[] counts, int device) => ref counts[(device + 1) * LongsInLine];

    private static void Add(ref long count) => Volatile.Write(ref count, count + 1);
}
