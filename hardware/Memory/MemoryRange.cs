namespace Emulator.Hardware.Memory;

/// <summary>A range of bus addresses that is backed by RAM.</summary>
/// <param name="Start">First byte; a multiple of <see cref="PhysicalMemory.BankSize"/>.</param>
/// <param name="Length">Bytes; a multiple of <see cref="PhysicalMemory.BankSize"/>, at least one bank.</param>
public readonly record struct MemoryRange(ulong Start, ulong Length)
{
    /// <summary>The first byte after the range.</summary>
    public ulong End => Start + Length;

    /// <summary>The whole 52-bit space.</summary>
    public static MemoryRange Everything => new(0, 1UL << PhysicalAddress.Bits);
}
