namespace Emulator.Actors.Hosts;

/// <summary>What interrupt handlers threw: where a kernel would have stopped. One writer, the IOMMU's actor; read by the checker.</summary>
internal sealed class InterruptFailures
{
    private long _count;
    private string? _first;

    public long Count => Volatile.Read(ref _count);

    /// <summary>The first one in one line; null when there is none.</summary>
    public string? First => Volatile.Read(ref _first);

    public void Add(string failure)
    {
        Volatile.Write(ref _first, _first ?? failure);
        Volatile.Write(ref _count, _count + 1);
    }
}
