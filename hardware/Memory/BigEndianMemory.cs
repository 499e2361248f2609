using System.Buffers.Binary;
using System.Runtime.CompilerServices;

namespace Emulator.Hardware.Memory;

/// <summary>Words of big-endian machines (IBM Z, PowerPC) in the memory, which itself is little-endian: the byte at the lowest address is the most
/// significant one. As atomic as the accesses they are made of.</summary>
public static class BigEndianMemory
{
    /// <summary>Reads an aligned 64-bit word; see <see cref="PhysicalMemory.TryRead64"/>.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static bool TryReadBigEndian64(this PhysicalMemory memory, ulong address, out ulong value)
    {
        ArgumentNullException.ThrowIfNull(memory);
        var found = memory.TryRead64(address, out value);
        value = BinaryPrimitives.ReverseEndianness(value);
        return found;
    }

    /// <summary>Reads an aligned 32-bit word; see <see cref="PhysicalMemory.TryRead32"/>.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static bool TryReadBigEndian32(this PhysicalMemory memory, ulong address, out uint value)
    {
        ArgumentNullException.ThrowIfNull(memory);
        var found = memory.TryRead32(address, out value);
        value = BinaryPrimitives.ReverseEndianness(value);
        return found;
    }

    /// <summary>Reads an aligned 64-bit word; all ones where there is no RAM.</summary>
    public static ulong ReadBigEndian64(this PhysicalMemory memory, ulong address)
    {
        memory.TryReadBigEndian64(address, out var value);
        return value;
    }

    /// <summary>Reads an aligned 32-bit word; all ones where there is no RAM.</summary>
    public static uint ReadBigEndian32(this PhysicalMemory memory, ulong address)
    {
        memory.TryReadBigEndian32(address, out var value);
        return value;
    }

    /// <summary>Writes an aligned 64-bit word.</summary>
    /// <returns>False when there is no RAM at <paramref name="address"/>: the write is lost.</returns>
    public static bool WriteBigEndian64(this PhysicalMemory memory, ulong address, ulong value)
    {
        ArgumentNullException.ThrowIfNull(memory);
        return memory.Write64(address, BinaryPrimitives.ReverseEndianness(value));
    }

    /// <summary>Writes an aligned 32-bit word; see <see cref="WriteBigEndian64"/>.</summary>
    public static bool WriteBigEndian32(this PhysicalMemory memory, ulong address, uint value)
    {
        ArgumentNullException.ThrowIfNull(memory);
        return memory.Write32(address, BinaryPrimitives.ReverseEndianness(value));
    }
}
