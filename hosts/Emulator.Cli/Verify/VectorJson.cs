using System.Globalization;
using System.Text.Json;

namespace Emulator.Cli.Verify;

/// <summary>Reading the values of vectors: large numbers are hexadecimal strings, small ones JSON numbers.</summary>
public static class VectorJson
{
    /// <summary>A number of either form.</summary>
    public static ulong Word(this JsonElement element) => element.ValueKind switch
    {
        JsonValueKind.Number => element.TryGetUInt64(out var value) ? value : (ulong)element.GetInt64(),
        JsonValueKind.String when element.GetString() is ['0', 'x', ..] text => ulong.Parse(text.AsSpan(2), NumberStyles.HexNumber, CultureInfo.InvariantCulture),
        JsonValueKind.String => ulong.Parse(element.GetString()!, NumberStyles.HexNumber, CultureInfo.InvariantCulture),
        JsonValueKind.True => 1,
        JsonValueKind.False => 0,
        _ => throw new FormatException($"'{element}' is no number"),
    };

    /// <summary>A number of a property.</summary>
    public static ulong Word(this JsonElement element, string property) => element.Member(property).Word();

    /// <summary>A number of a property that may be absent or null.</summary>
    public static ulong? OptionalWord(this JsonElement element, string property) =>
        element.TryGetProperty(property, out var value) && value.ValueKind != JsonValueKind.Null ? value.Word() : null;

    /// <summary>A flag of a property that may be absent; numbers count as true when not zero.</summary>
    public static bool Flag(this JsonElement element, string property) => element.OptionalWord(property) is > 0;

    /// <summary>A text of a property.</summary>
    public static string Text(this JsonElement element, string property) =>
        element.Member(property) is { ValueKind: JsonValueKind.String } value ? value.GetString()! : throw new FormatException($"field '{property}' is no text");

    /// <summary>A text of a property that may be absent or null.</summary>
    public static string? OptionalText(this JsonElement element, string property) =>
        element.TryGetProperty(property, out var value) && value.ValueKind == JsonValueKind.String ? value.GetString() : null;

    /// <summary>The items of an array property that may be absent.</summary>
    public static IEnumerable<JsonElement> Items(this JsonElement element, string property) =>
        element.TryGetProperty(property, out var value) && value.ValueKind == JsonValueKind.Array ? value.EnumerateArray() : [];

    private static JsonElement Member(this JsonElement element, string property) =>
        element.ValueKind == JsonValueKind.Object && element.TryGetProperty(property, out var value) ? value : throw new FormatException($"field '{property}' is missing");
}
