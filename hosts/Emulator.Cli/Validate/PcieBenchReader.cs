using System.Globalization;
using System.Text;
using Emulator.Hardware.Dma;

namespace Emulator.Cli.Validate;

/// <summary>Reads <c>throughput.csv</c>: a line of column names, then a measurement a line. Columns may come in any order; those that are not known are named
/// and left alone.</summary>
public sealed class PcieBenchReader
{
    private static readonly string[] Columns = ["system", "iommu", "direction", "cache", "window_bytes", "transfer_bytes", "transactions_per_second"];

    private readonly string _file;
    private readonly string[] _header;
    private readonly int[] _places;
    private int _line = 1;

    private PcieBenchReader(string file, string header)
    {
        _file = file;
        _header = header.Split(',');
        _places = [.. Columns.Select(column => Array.IndexOf(_header, column))];
        for (var i = 0; i < Columns.Length; i++)
        {
            if (_places[i] < 0)
                throw Bad(Columns[i], "the column is missing");
            if (_header.Count(name => name == Columns[i]) > 1)
                throw Bad(Columns[i], "the column is there twice");
        }
    }

    /// <summary>Reads a file.</summary>
    /// <param name="file">Its path.</param>
    /// <param name="ignored">Names of columns that were not looked at.</param>
    /// <returns>Its measurements.</returns>
    /// <exception cref="BadInputException">The file is missing, or a line is not a measurement, or the same one as before.</exception>
    public static IReadOnlyList<PcieBenchRow> Read(string file, out IReadOnlyList<string> ignored)
    {
        if (!File.Exists(file))
            throw new BadInputException($"{file}: no such file");
        try
        {
            using var lines = File.ReadLines(file, new UTF8Encoding(false, throwOnInvalidBytes: true)).GetEnumerator();
            if (!lines.MoveNext())
                throw new BadInputException($"{file}:1: the line of column names is missing");
            var reader = new PcieBenchReader(file, lines.Current);
            ignored = [.. reader._header.Except(Columns)];
            return reader.ReadRows(lines);
        }
        catch (DecoderFallbackException e)
        {
            throw new BadInputException($"{file}: is not UTF-8 text", e);
        }
    }

    private List<PcieBenchRow> ReadRows(IEnumerator<string> lines)
    {
        var rows = new List<PcieBenchRow>();
        var seen = new Dictionary<PcieBenchRow, int>();
        while (lines.MoveNext())
        {
            _line++;
            var row = Row(lines.Current);
            var place = row.WithoutRate(row.Paging);
            if (!seen.TryAdd(place, _line))
                throw Bad("window_bytes", $"the same measurement as in line {seen[place]}");
            rows.Add(row);
        }

        return rows;
    }

    private PcieBenchRow Row(string line)
    {
        if (line.Length == 0)
            throw new BadInputException($"{_file}:{_line}: the line is empty");
        var cells = line.Split(',');
        if (cells.Length != _header.Length)
            throw new BadInputException($"{_file}:{_line}: {cells.Length} fields where there are {_header.Length} columns");
        var at = 0;
        return new PcieBenchRow(
            Name(Next()),
            Next() switch
            {
                "off" => PcieBenchPaging.Off,
                "4k" => PcieBenchPaging.Pages4K,
                "superpages" => PcieBenchPaging.Superpages,
                var other => throw Bad("iommu", $"'{other}' is not one of off, 4k, superpages"),
            },
            Next() switch { "read" => DmaAccess.Read, "write" => DmaAccess.Write, var other => throw Bad("direction", $"'{other}' is not one of read, write") },
            Name(Next()),
            Whole(Next(), long.MaxValue),
            (int)Whole(Next(), int.MaxValue),
            Rate(Next()));

        string Next() => cells[_places[at++]];
        string Name(string text) => text.Length > 0 ? text : throw Bad(Columns[at - 1], "is empty");
        long Whole(string text, long most) => long.TryParse(text, NumberStyles.None, CultureInfo.InvariantCulture, out var value) && value >= 1 && value <= most
            ? value
            : throw Bad(Columns[at - 1], $"'{text}' is not a whole number from 1 to {most}");
        double Rate(string text) => double.TryParse(text, NumberStyles.Float, CultureInfo.InvariantCulture, out var value) && value is > 0 and < 1e12
            ? value
            : throw Bad(Columns[at - 1], $"'{text}' is not a number above 0 and below 10^12");
    }

    private BadInputException Bad(string field, string reason) => new($"{_file}:{_line}: {field}: {reason}");
}
