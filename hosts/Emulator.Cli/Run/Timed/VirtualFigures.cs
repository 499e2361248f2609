using Emulator.Hardware.Timing;

namespace Emulator.Cli.Run.Timed;

/// <summary>Virtual time in the units of reports.</summary>
internal static class VirtualFigures
{
    /// <summary>Picoseconds as nanoseconds.</summary>
    public static double Nanoseconds(long picoseconds) => (double)picoseconds / VirtualTime.Nanosecond;

    /// <summary>So many in so many picoseconds, per second; 0 in no time.</summary>
    public static double PerSecond(long count, long picoseconds) => picoseconds == 0 ? 0 : Math.Round((double)count / picoseconds * VirtualTime.Second, 3);

    /// <summary>A part of a whole, or a ratio; 0 of nothing.</summary>
    public static double Ratio(double part, double whole) => whole == 0 ? 0 : Math.Round(part / whole, 6);
}
