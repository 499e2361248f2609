namespace Emulator.Hardware.Iommus.ArmSmmuV3.Driver;

/// <summary>Arithmetic of queue pointers: an index, above it a wrap bit, in bit 31 the overflow flag.</summary>
/// <param name="Log2Size">log2 of the entries.</param>
internal readonly record struct QueuePointer(int Log2Size)
{
    private const uint Overflow = 1u << 31;

    private uint Wrap => 1u << Log2Size;

    public uint Index(uint pointer) => pointer & (Wrap - 1);

    public uint Next(uint pointer) => ((pointer + 1) & ((Wrap << 1) - 1)) | (pointer & Overflow);

    public bool IsEmpty(uint producer, uint consumer) => ((producer ^ consumer) & ((Wrap << 1) - 1)) == 0;

    public bool HasSpace(uint producer, uint consumer, int entries)
    {
        var used = SameWrap(producer, consumer) ? Index(producer) - Index(consumer) : Wrap - (Index(consumer) - Index(producer));
        return Wrap - used >= (uint)entries;
    }

    /// <summary>Whether the entry at <paramref name="position"/> lies behind the consumer.</summary>
    public bool IsConsumed(uint position, uint consumer) => SameWrap(position, consumer)
        ? Index(consumer) > Index(position)
        : Index(consumer) <= Index(position);

    /// <summary>The consumer pointer with the overflow flag that acknowledges the producer's.</summary>
    public uint Acknowledge(uint producer, uint consumer) => (producer & Overflow) | (consumer & ((Wrap << 1) - 1));

    /// <summary>Whether the overflow flags differ.</summary>
    public static bool HasOverflowed(uint producer, uint consumer) => ((producer ^ consumer) & Overflow) != 0;

    private bool SameWrap(uint left, uint right) => ((left ^ right) & Wrap) == 0;
}
