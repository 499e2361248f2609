namespace Emulator.Hardware.Iommus.ArmSmmuV3;

/// <summary>A queue's PROD or CONS: LOG2SIZE bits of index, a wrap bit above them.</summary>
/// <param name="Raw">The register.</param>
/// <param name="Log2Size">log2 of the number of entries.</param>
public readonly record struct QueuePointer(uint Raw, int Log2Size)
{
    /// <summary>Index of the entry.</summary>
    public uint Index => Raw & ((1u << Log2Size) - 1);

    /// <summary>Index and wrap bit.</summary>
    public uint Position => Raw & ((2u << Log2Size) - 1);

    /// <summary>The register with the pointer one entry further; bits above the wrap bit are kept.</summary>
    public uint Next => (Raw & ~((2u << Log2Size) - 1)) | ((Position + 1) & ((2u << Log2Size) - 1));

    /// <summary>Whether a queue with this PROD is empty.</summary>
    public bool IsEmpty(QueuePointer cons) => Position == cons.Position;

    /// <summary>Whether a queue with this PROD is full: same index, different wrap.</summary>
    public bool IsFull(QueuePointer cons) => (Position ^ cons.Position) == 1u << Log2Size;
}
