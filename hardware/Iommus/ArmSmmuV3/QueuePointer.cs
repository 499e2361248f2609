namespace Emulator.Hardware.Iommus.ArmSmmuV3;

/// <summary>A queue's PROD or CONS: LOG2SIZE bits of index, a wrap bit above them, in bit 31 the overflow flag of the event and page request queues.</summary>
/// <param name="Raw">The register.</param>
/// <param name="Log2Size">log2 of the number of entries.</param>
public readonly record struct QueuePointer(uint Raw, int Log2Size)
{
    /// <summary>OVFLG of PROD, OVACKFLG of CONS.</summary>
    public const uint OverflowFlag = 1u << 31;

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

    /// <summary>Whether a queue with this PROD has room for more entries.</summary>
    public bool HasSpace(QueuePointer cons, int entries) => (1u << Log2Size) - ((Position - cons.Position) & ((2u << Log2Size) - 1)) >= (uint)entries;

    /// <summary>Whether the entry at this position lies behind CONS; it is less than a queue's length away.</summary>
    public bool IsConsumed(QueuePointer cons) => ((Position ^ cons.Position) & (1u << Log2Size)) == 0 ? cons.Index > Index : cons.Index <= Index;

    /// <summary>Whether the overflow flag differs from that of CONS: entries were lost that nobody has acknowledged.</summary>
    public bool HasOverflowed(QueuePointer cons) => ((Raw ^ cons.Raw) & OverflowFlag) != 0;

    /// <summary>This CONS with the overflow flag of PROD, which acknowledges it.</summary>
    public uint Acknowledge(QueuePointer prod) => (prod.Raw & OverflowFlag) | Position;
}
