using Emulator.Hardware.Memory;

namespace Emulator.Hardware.Faults;

/// <summary>A bit of a translation table that turns over in memory.</summary>
public static class TableBitFlip
{
    private const int WordsTried = 1 << 20;

    /// <summary>Turns over one bit of a word that is not zero, in memory that the driver has taken for tables and queues.</summary>
    /// <param name="memory">The memory.</param>
    /// <param name="frames">The driver's allocator.</param>
    /// <param name="random">Chooses word and bit.</param>
    /// <returns>The word's address; null when no word near the chosen place holds anything.</returns>
    public static PhysicalAddress? Apply(PhysicalMemory memory, IFrameAllocator frames, ulong random)
    {
        ArgumentNullException.ThrowIfNull(memory);
        ArgumentNullException.ThrowIfNull(frames);
        if (frames.End <= frames.Start)
            return null;
        var words = (frames.End - frames.Start) / sizeof(ulong);
        var chosen = (random >> 6) % words;
        for (var tried = 0UL; tried < Math.Min(words, WordsTried); tried++)
        {
            var address = frames.Start + ((chosen + tried) % words * sizeof(ulong));
            var word = memory.Read64(address);
            if (word == 0)
                continue;
            memory.Write64(address, word ^ (1UL << (int)(random & 63)));
            return new PhysicalAddress(address);
        }

        return null;
    }
}
