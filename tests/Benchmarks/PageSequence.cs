namespace Emulator.Benchmarks;

/// <summary>Page numbers in random order, the same each time.</summary>
/// <param name="pages">How many there are, a power of two.</param>
/// <remarks>A linear congruential generator (Knuth's MMIX constants): a list of pages would take the caches away from the tables.</remarks>
public struct PageSequence(int pages)
{
    private readonly ulong _mask = (ulong)pages - 1;
    private ulong _state = 1;

    /// <summary>The next page number.</summary>
    /// <param name="added">Changes the sequence; the next number waits for it.</param>
    public ulong Next(ulong added)
    {
        _state = (_state * 6364136223846793005) + 1442695040888963407 + added;
        return (_state >> 33) & _mask;
    }
}
