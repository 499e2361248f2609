namespace Emulator.Hardware.Timing;

/// <summary>Virtual time: picoseconds since a host's start, in a long (106 days).</summary>
public static class VirtualTime
{
    /// <summary>Picoseconds of a nanosecond.</summary>
    public const long Nanosecond = 1000;

    /// <summary>Picoseconds of a millisecond.</summary>
    public const long Millisecond = 1_000_000_000;

    /// <summary>Picoseconds of a second.</summary>
    public const long Second = 1_000_000_000_000;

    /// <summary>Later than everything.</summary>
    public const long Never = long.MaxValue;

    /// <summary>Nanoseconds as picoseconds, rounded.</summary>
    public static long FromNanoseconds(double nanoseconds) => (long)Math.Round(nanoseconds * Nanosecond);

    /// <summary>As a time span, of 100 ns.</summary>
    public static TimeSpan ToTimeSpan(long picoseconds) => new(picoseconds / (100 * Nanosecond));
}
