using System.Globalization;

namespace Emulator.Cli.Run;

/// <summary>How a run's report writes numbers, times and rates.</summary>
internal static class RunText
{
    /// <summary>A number of things.</summary>
    public static string Count(long number) => number.ToString("N0", CultureInfo.InvariantCulture);

    /// <summary>Milliseconds.</summary>
    public static string Milliseconds(TimeSpan time) => time.TotalMilliseconds.ToString("F1", CultureInfo.InvariantCulture);

    /// <summary>Millions.</summary>
    public static string Millions(double number) => $"{(number / 1e6).ToString("F2", CultureInfo.InvariantCulture)} M";

    /// <summary>A part of a whole.</summary>
    public static string Percent(double part) => part.ToString("P1", CultureInfo.InvariantCulture);

    /// <summary>Nanoseconds, in a unit that suits them.</summary>
    public static string Time(double nanoseconds) => nanoseconds switch
    {
        0 => "0",
        < 1e3 => $"{Three(nanoseconds)} ns",
        < 1e6 => $"{Three(nanoseconds / 1e3)} us",
        < 1e9 => $"{Three(nanoseconds / 1e6)} ms",
        _ => $"{Three(nanoseconds / 1e9)} s",
    };

    /// <summary>A rate, in thousands or millions where it is that much.</summary>
    public static string Rate(double perSecond) => perSecond switch
    {
        < 1e4 => Three(perSecond),
        < 1e6 => $"{Three(perSecond / 1e3)} k",
        _ => $"{Three(perSecond / 1e6)} M",
    };

    /// <summary>A throughput: what goes over a wire in bits, all else in bytes.</summary>
    public static string Throughput(double bytesPerSecond, string kind) =>
        kind == "ring" ? $"{Three(bytesPerSecond * 8 / 1e9)} Gbit/s" : $"{Three(bytesPerSecond / 1e9)} GB/s";

    /// <summary>A ratio; a dash where there is nothing to compare with.</summary>
    public static string Ratio(double? ratio) => ratio is { } value ? $"{value.ToString("F3", CultureInfo.InvariantCulture)} x" : "-";

    /// <summary>A value as scenario files write it: all its digits, no exponent.</summary>
    public static string Exact(double value) => value.ToString("0.####################", CultureInfo.InvariantCulture);

    private static string Three(double value) => value.ToString(Math.Abs(value) switch { >= 100 => "F0", >= 10 => "F1", _ => "F2" }, CultureInfo.InvariantCulture);
}
