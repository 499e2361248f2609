using System.Text.Json;

namespace Emulator.Cli.Verify.Drivers;

/// <summary>One entry of a step's <c>mmio</c>: a register access, a command, a barrier. Two are equal when kind, numbers and block are.</summary>
/// <param name="Text">The entry in words: kind, numbers in hexadecimal, the block if it is not the main one; such as <c>w 0x130 0x80 dart1</c>.
/// For reads the value is left out: it is an answer, not something that the driver did.</param>
public readonly record struct RecordedOperation(string Text)
{
    /// <summary>Reads an entry. An object stands for the values of its properties.</summary>
    public static RecordedOperation Parse(JsonElement entry)
    {
        var items = entry.EnumerateArray()
            .SelectMany(item => item.ValueKind == JsonValueKind.Object ? item.EnumerateObject().Select(property => property.Value) : [item])
            .Select(item => item.ValueKind == JsonValueKind.String && item.GetString() is ['0', 'x', ..] || item.ValueKind == JsonValueKind.Number
                ? $"0x{item.Word():x}"
                : item.ToString());
        return new RecordedOperation(string.Join(' ', IsRead(entry) ? items.Where((_, i) => i != 2) : items));
    }

    /// <summary>Whether an entry is a register read; its value is then at index 2.</summary>
    public static bool IsRead(JsonElement entry) => entry[0].GetString() is "r" or "r64";

    /// <summary>A command or another entry that is no register access.</summary>
    public static RecordedOperation Of(string kind, params ReadOnlySpan<ulong> words)
    {
        var text = kind;
        foreach (var word in words)
            text += $" 0x{word:x}";
        return new RecordedOperation(text);
    }

    /// <inheritdoc/>
    public override string ToString() => Text;
}
