using System.Runtime.CompilerServices;

namespace Emulator.Hardware.Registers;

/// <summary>Bit fields of registers and table words, named as manuals write them: high bit, low bit.</summary>
public static class BitField
{
    /// <summary>The value of bits <paramref name="high"/> to <paramref name="low"/>.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static ulong Bits(this ulong word, int high, int low) => (word << (63 - high)) >> (63 - high + low);

    /// <summary>The value of bits <paramref name="high"/> to <paramref name="low"/> as a number.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static int Number(this ulong word, int high, int low) => (int)Bits(word, high, low);

    /// <summary>Whether a bit is set.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static bool Bit(this ulong word, int bit) => ((word >> bit) & 1) != 0;

    /// <summary>Bits <paramref name="high"/> to <paramref name="low"/> in place, everything else zero: an address field.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static ulong InPlace(this ulong word, int high, int low) => Bits(word, high, low) << low;

    /// <summary>The word with a field replaced; bits of <paramref name="value"/> that do not fit are cut off, as in a register.</summary>
    public static ulong With(this ulong word, int high, int low, ulong value)
    {
        var mask = ulong.MaxValue.InPlace(high, low);
        return (word & ~mask) | ((value << low) & mask);
    }

    /// <summary>The word with one bit replaced.</summary>
    public static ulong With(this ulong word, int bit, bool value) => word.With(bit, bit, value ? 1UL : 0UL);
}
