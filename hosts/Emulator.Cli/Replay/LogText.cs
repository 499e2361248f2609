using System.Globalization;

namespace Emulator.Cli.Replay;

/// <summary>Reading values out of a log line's text.</summary>
internal static class LogText
{
    /// <summary>What follows the first occurrence of <paramref name="label"/> up to a blank, without quotation marks.</summary>
    public static bool TryWord(ReadOnlySpan<char> text, ReadOnlySpan<char> label, out ReadOnlySpan<char> word)
    {
        var at = text.IndexOf(label);
        if (at < 0)
        {
            word = default;
            return false;
        }

        word = text[(at + label.Length)..].TrimStart(' ');
        var end = word.IndexOfAny(" ,\t");
        word = (end < 0 ? word : word[..end]).Trim('"');
        return !word.IsEmpty;
    }

    /// <summary>A hexadecimal number, with or without 0x, that follows <paramref name="label"/>.</summary>
    public static bool TryHex(ReadOnlySpan<char> text, ReadOnlySpan<char> label, out ulong value)
    {
        value = 0;
        return TryWord(text, label, out var word) && TryHex(word, out value);
    }

    /// <summary>A hexadecimal number with or without 0x.</summary>
    public static bool TryHex(ReadOnlySpan<char> word, out ulong value) =>
        ulong.TryParse(word.StartsWith("0x") ? word[2..] : word, NumberStyles.AllowHexSpecifier, CultureInfo.InvariantCulture, out value);

    /// <summary>A decimal number that follows <paramref name="label"/>.</summary>
    public static bool TryDecimal(ReadOnlySpan<char> text, ReadOnlySpan<char> label, out ulong value)
    {
        value = 0;
        return TryWord(text, label, out var word) && ulong.TryParse(word, NumberStyles.None, CultureInfo.InvariantCulture, out value);
    }

    /// <summary>Seconds with a fraction, as microseconds: further digits are cut off.</summary>
    public static bool TryMicroseconds(ReadOnlySpan<char> text, out long microseconds)
    {
        microseconds = 0;
        var point = text.IndexOf('.');
        if (point <= 0 || !long.TryParse(text[..point], NumberStyles.None, CultureInfo.InvariantCulture, out var seconds) || seconds > long.MaxValue / 2_000_000)
            return false;
        var digits = text[(point + 1)..];
        if (digits.IsEmpty || digits.ContainsAnyExceptInRange('0', '9'))
            return false;
        var fraction = 0;
        for (var i = 0; i < 6; i++)
            fraction = (fraction * 10) + (i < digits.Length ? digits[i] - '0' : 0);
        microseconds = (seconds * 1_000_000) + fraction;
        return true;
    }
}
