using System.Globalization;
using System.Numerics;
using System.Text;
using YamlDotNet.Core;
using YamlDotNet.RepresentationModel;

namespace Emulator.Cli.Run;

/// <summary>The fields of one mapping of a YAML file, taken one by one. A field that nobody took is refused, and every message names file, line and field.</summary>
internal sealed class YamlFields
{
    private readonly string _file;
    private readonly string _path;
    private readonly YamlMappingNode _mapping;
    private readonly List<string> _known = [];

    /// <summary>Opens a mapping.</summary>
    /// <param name="file">The file's name for messages.</param>
    /// <param name="path">The mapping's place for messages, such as <c>hosts[0].</c>; empty for the whole file.</param>
    /// <param name="node">The mapping.</param>
    /// <exception cref="BadInputException">The node is not a mapping.</exception>
    public YamlFields(string file, string path, YamlNode node)
    {
        _file = file;
        _path = path;
        _mapping = node as YamlMappingNode
            ?? throw new BadInputException($"{file}:{node.Start.Line}: {(path.Length == 0 ? "the file" : $"{path.TrimEnd('.')}:")} must be a list of 'field: value' lines");
    }

    /// <summary>The file's name.</summary>
    public string File => _file;

    /// <summary>Opens a file for reading.</summary>
    /// <exception cref="BadInputException">There is no such file.</exception>
    public static TextReader OpenText(string path) =>
        System.IO.File.Exists(path) ? new StreamReader(path, Encoding.UTF8) : throw new BadInputException($"{path}: {(Directory.Exists(path) ? "is a directory" : "no such file")}");

    /// <summary>Opens the one mapping of a file.</summary>
    /// <param name="file">The file's name for messages.</param>
    /// <param name="reader">Its text.</param>
    /// <param name="what">What the file describes, for messages.</param>
    /// <exception cref="BadInputException">It is not YAML, or not one document.</exception>
    public static YamlFields Open(string file, TextReader reader, string what)
    {
        var yaml = new YamlStream();
        try
        {
            yaml.Load(reader);
        }
        catch (YamlException e)
        {
            throw new BadInputException($"{file}:{e.Start.Line}: not YAML: {e.InnerException?.Message ?? e.Message}", e);
        }

        return yaml.Documents.Count == 1
            ? new YamlFields(file, "", yaml.Documents[0].RootNode)
            : throw new BadInputException($"{file}:1: holds {yaml.Documents.Count} documents, {(what == "experiment" ? "an" : "a")} {what} is one");
    }

    /// <summary>Whether the field is there; that alone does not take it.</summary>
    public bool Has(string field) => _mapping.Children.ContainsKey(new YamlScalarNode(field));

    /// <summary>A text; null when the field is absent.</summary>
    public string? Text(string field)
    {
        if (Find(field) is not { } node)
            return null;
        return node is YamlScalarNode { Value: { Length: > 0 } text } ? text : throw Refuse(node, field, "must be a single value");
    }

    /// <summary>A whole number inside limits; null when the field is absent.</summary>
    public T? Number<T>(string field, T least, T most)
        where T : struct, IBinaryInteger<T>
    {
        if (Text(field) is not { } text)
            return null;
        if (!T.TryParse(text.Replace("_", "", StringComparison.Ordinal), NumberStyles.Integer, CultureInfo.InvariantCulture, out var value))
            throw Refuse(field, $"'{text}' is not a whole number");
        return value >= least && value <= most ? value : throw Refuse(field, $"{text} is outside {least} to {most}");
    }

    /// <summary>A number from 0 to 1; null when the field is absent.</summary>
    public double? Share(string field)
    {
        if (Text(field) is not { } text)
            return null;
        return double.TryParse(text, NumberStyles.Float, CultureInfo.InvariantCulture, out var value) && value is >= 0 and <= 1
            ? value
            : throw Refuse(field, $"'{text}' is not a number from 0 to 1");
    }

    /// <summary>A number inside limits; null when the field is absent.</summary>
    public double? Real(string field, double least, double most)
    {
        if (Text(field) is not { } text)
            return null;
        return double.TryParse(text, NumberStyles.Float, CultureInfo.InvariantCulture, out var value) && value >= least && value <= most
            ? value
            : throw Refuse(field, string.Create(CultureInfo.InvariantCulture, $"'{text}' is not a number from {least} to {most}"));
    }

    /// <summary>A duration in ns, us, ms or s, fractions allowed, as nanoseconds; null when the field is absent.</summary>
    public double? Nanoseconds(string field)
    {
        if (Text(field) is not { } text)
            return null;
        var (digits, unit) = text switch
        {
            [.. var number, 'n', 's'] => (number, 1.0),
            [.. var number, 'u', 's'] => (number, 1e3),
            [.. var number, 'm', 's'] => (number, 1e6),
            [.. var number, 's'] => (number, 1e9),
            _ => ("", 0.0),
        };
        return double.TryParse(digits.Trim(), NumberStyles.AllowDecimalPoint, CultureInfo.InvariantCulture, out var value)
            ? value * unit
            : throw Refuse(field, $"'{text}' is not a duration such as 150ns, 2.5us, 5ms or 1s");
    }

    /// <summary>A size in bytes with an optional suffix KiB, MiB or GiB; null when the field is absent.</summary>
    public ulong? Size(string field)
    {
        if (Text(field) is not { } text)
            return null;
        var (digits, shift) = text switch
        {
            [.. var number, 'K', 'i', 'B'] => (number, 10),
            [.. var number, 'M', 'i', 'B'] => (number, 20),
            [.. var number, 'G', 'i', 'B'] => (number, 30),
            _ => (text, 0),
        };
        return uint.TryParse(digits.Trim(), NumberStyles.None, CultureInfo.InvariantCulture, out var value)
            ? (ulong)value << shift
            : throw Refuse(field, $"'{text}' is not a size such as 65536, 64KiB or 4MiB");
    }

    /// <summary>A duration in us, ms or s; null when the field is absent.</summary>
    public TimeSpan? Duration(string field)
    {
        if (Text(field) is not { } text)
            return null;
        var (digits, unit) = text switch
        {
            [.. var number, 'u', 's'] => (number, TimeSpan.FromMicroseconds(1)),
            [.. var number, 'm', 's'] => (number, TimeSpan.FromMilliseconds(1)),
            [.. var number, 's'] => (number, TimeSpan.FromSeconds(1)),
            _ => ("", default),
        };
        return uint.TryParse(digits.Trim(), NumberStyles.None, CultureInfo.InvariantCulture, out var value)
            ? value * unit
            : throw Refuse(field, $"'{text}' is not a duration such as 20us, 5ms or 1s");
    }

    /// <summary>A yes or no; the given value when the field is absent.</summary>
    public bool Flag(string field, bool absent) => Word(field, absent, ("true", true), ("false", false));

    /// <summary>One of several words; the given value when the field is absent.</summary>
    public T Word<T>(string field, T absent, params (string Word, T Value)[] words) => Text(field) is { } text ? Choose(field, text, words).Value : absent;

    /// <summary>A mapping inside; null when the field is absent.</summary>
    public YamlFields? Mapping(string field) => Find(field) is { } node ? new YamlFields(_file, $"{_path}{field}.", node) : null;

    /// <summary>A list of mappings; empty when the field is absent.</summary>
    public IReadOnlyList<YamlFields> Mappings(string field)
    {
        if (Find(field) is not { } node)
            return [];
        return node is YamlSequenceNode list
            ? [.. list.Select((item, index) => new YamlFields(_file, $"{_path}{field}[{index}].", item))]
            : throw Refuse(node, field, "must be a list, each entry with '-'");
    }

    /// <summary>Refuses every field that nobody took.</summary>
    public void RefuseOthers()
    {
        foreach (var key in _mapping.Children.Keys)
        {
            if (key is not YamlScalarNode { Value: { } name } || !_known.Contains(name, StringComparer.Ordinal))
                throw Refuse(key, key.ToString(), $"unknown field; there are {string.Join(", ", _known.Distinct(StringComparer.Ordinal))}");
        }
    }

    /// <summary>Makes the exception that refuses a field.</summary>
    public BadInputException Refuse(string field, string reason) => Refuse(Find(field) ?? _mapping, field, reason);

    private (string Word, T Value) Choose<T>(string field, string text, (string Word, T Value)[] words)
    {
        foreach (var choice in words)
        {
            if (choice.Word == text)
                return choice;
        }

        throw Refuse(field, $"'{text}' is not one of {string.Join(", ", words.Select(choice => choice.Word))}");
    }

    private YamlNode? Find(string field)
    {
        _known.Add(field);
        return _mapping.Children.TryGetValue(new YamlScalarNode(field), out var node) ? node : null;
    }

    private BadInputException Refuse(YamlNode node, string field, string reason) =>
        new($"{_file}:{node.Start.Line}: {(field.Length == 0 ? "" : $"{_path}{field}: ")}{reason}");
}
