using System.Globalization;

namespace Emulator.Cli.Run.Fio;

/// <summary>An option of a job file: a line <c>name=value</c>, or <c>name</c> alone.</summary>
/// <param name="File">The file's name.</param>
/// <param name="Line">The line, from 1.</param>
/// <param name="Name">The option's name.</param>
/// <param name="Value">Its value; empty when there is none.</param>
internal sealed record FioOption(string File, int Line, string Name, string Value)
{
    /// <summary>A whole number inside limits.</summary>
    public int Number(int least, int most) =>
        int.TryParse(Value, NumberStyles.None, CultureInfo.InvariantCulture, out var number) && number >= least && number <= most
            ? number
            : throw Refuse($"'{Value}' is not a whole number from {least} to {most}");

    /// <summary>Bytes, at least 1. As with fio's own <c>kb_base=1024</c>, k, m, g and t are powers of 1024, with or without a b; <c>Ki</c>, which fio then takes for 1000, is refused.</summary>
    /// <param name="text">The value or a part of it.</param>
    public long Bytes(string text) =>
        Scale(text, ("kb", 1L << 10), ("mb", 1L << 20), ("gb", 1L << 30), ("tb", 1L << 40), ("k", 1L << 10), ("m", 1L << 20), ("g", 1L << 30), ("t", 1L << 40), ("b", 1), ("", 1)) is { } bytes and > 0
            ? bytes
            : throw Refuse($"'{text}' is not a size such as 4096, 4k, 1m or 2g");

    /// <summary>A time, in seconds unless it has a unit, as nanoseconds.</summary>
    public double Nanoseconds() =>
        Scale(Value, ("us", 1_000L), ("ms", 1_000_000L), ("s", 1_000_000_000L), ("m", 60_000_000_000L), ("h", 3_600_000_000_000L), ("d", 86_400_000_000_000L), ("", 1_000_000_000L)) is { } time and <= LongestTime
            ? time
            : throw Refuse($"'{Value}' is not a time of up to 1000 s, such as 10, 10s, 50ms or 1m");

    /// <summary>A yes or no: a name alone is a yes.</summary>
    public bool Flag() => Value switch
    {
        "" or "1" => true,
        "0" => false,
        _ => throw Refuse($"'{Value}' is not 0 or 1"),
    };

    /// <summary>Makes the exception that refuses the option.</summary>
    public BadInputException Refuse(string reason) => new($"{File}:{Line}: {Name}: {reason}");

    private const long LongestTime = 1_000_000_000_000;

    private static long? Scale(string text, params ReadOnlySpan<(string Suffix, long Unit)> units)
    {
        foreach (var (suffix, unit) in units)
        {
            if (text.EndsWith(suffix, StringComparison.OrdinalIgnoreCase)
                && long.TryParse(text.AsSpan(0, text.Length - suffix.Length), NumberStyles.None, CultureInfo.InvariantCulture, out var value)
                && value <= long.MaxValue / unit)
                return value * unit;
        }

        return null;
    }
}
