namespace Emulator.Hardware.Core.Iommufd;

/// <summary>Input addresses, both ends included, so that the whole space can be said.</summary>
/// <param name="First">First address.</param>
/// <param name="Last">Last address, not below the first.</param>
public readonly record struct IovaRange(ulong First, ulong Last)
{
    /// <summary>Every address.</summary>
    public static IovaRange All { get; } = new(0, ulong.MaxValue);

    /// <summary>Bytes; 0 stands for 2^64.</summary>
    public ulong Length => Last - First + 1;

    /// <summary>Whether an address lies in both.</summary>
    public bool Overlaps(IovaRange other) => First <= other.Last && other.First <= Last;

    /// <summary>Whether all of another range lies in this.</summary>
    public bool Contains(IovaRange other) => First <= other.First && other.Last <= Last;

    /// <summary>What used ranges leave of this one, in order.</summary>
    /// <param name="used">Ranges in any order, overlapping or not.</param>
    public IEnumerable<IovaRange> Without(IEnumerable<IovaRange> used)
    {
        var next = First;
        foreach (var range in used.OrderBy(range => range.First))
        {
            if (range.First > Last)
                break;
            if (range.Last < next)
                continue;
            if (range.First > next)
                yield return new IovaRange(next, range.First - 1);
            if (range.Last >= Last)
                yield break;
            next = range.Last + 1;
        }

        yield return new IovaRange(next, Last);
    }
}
