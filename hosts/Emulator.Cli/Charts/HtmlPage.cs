using System.Net;
using System.Text;

namespace Emulator.Cli.Charts;

/// <summary>A self-contained page: what it shows is in it, and it asks no network for anything.</summary>
/// <param name="Title">Its title and heading.</param>
/// <param name="Style">Its style sheet, after the common one.</param>
internal sealed record HtmlPage(string Title, string Style = "")
{
    private const string CommonStyle =
        """
        body { font: 14px/1.4 system-ui, sans-serif; margin: 1.5em; color: #1a1a1a; background: #fff; }
        h1 { font-size: 1.5em; } p { max-width: 70em; }
        table { border-collapse: collapse; } th, td { border: 1px solid #bbb; padding: .25em .5em; text-align: left; vertical-align: top; }
        """;

    private readonly StringBuilder _body = new();

    /// <summary>Text as it is written in a page.</summary>
    public static string Text(string text) => WebUtility.HtmlEncode(text);

    /// <summary>Adds markup.</summary>
    public HtmlPage Add(string markup)
    {
        _body.Append(markup);
        return this;
    }

    /// <summary>Adds a paragraph of text.</summary>
    public HtmlPage Paragraph(string text) => Add($"<p>{Text(text)}</p>\n");

    /// <summary>Adds a table of text; cells that begin with a digit or a sign are numbers.</summary>
    public HtmlPage Table(IEnumerable<string> headings, IEnumerable<IEnumerable<string>> rows)
    {
        ArgumentNullException.ThrowIfNull(rows);
        _body.Append("<table><thead><tr>").AppendJoin("", headings.Select(heading => $"<th>{Text(heading)}</th>")).Append("</tr></thead><tbody>\n");
        foreach (var row in rows)
            _body.Append("<tr>").AppendJoin("", row.Select(Cell)).Append("</tr>\n");
        _body.Append("</tbody></table>\n");
        return this;
    }

    /// <summary>Refuses a file that cannot be written before there is anything to write.</summary>
    /// <param name="file">The file; it is there then, if only empty.</param>
    /// <param name="option">The option that names it.</param>
    /// <exception cref="BadInputException">The file cannot be written.</exception>
    public static void Open(string file, string option) => Try(file, option, () => File.Open(file, FileMode.OpenOrCreate, FileAccess.Write).Dispose());

    /// <summary>Writes it to a file.</summary>
    /// <param name="file">The file.</param>
    /// <param name="option">The option that names it.</param>
    /// <exception cref="BadInputException">The file cannot be written.</exception>
    public void WriteTo(string file, string option = "--html") => Try(file, option, () => File.WriteAllText(file, ToString()));

    /// <summary>The page.</summary>
    public override string ToString() =>
        $"<!doctype html>\n<html lang=\"en\"><head><meta charset=\"utf-8\"><title>{Text(Title)}</title>\n<style>\n{CommonStyle}\n{Style}\n</style></head>" +
        $"<body>\n<h1>{Text(Title)}</h1>\n{_body}</body></html>\n";

    private static void Try(string file, string option, Action write)
    {
        try
        {
            write();
        }
        catch (Exception error) when (error is IOException or UnauthorizedAccessException or ArgumentException)
        {
            throw new BadInputException($"{option}: {file} cannot be written: {error.Message}", error);
        }
    }

    private static string Cell(string text) =>
        text is [>= '0' and <= '9' or '+' or '-', ..] ? $"<td style=\"text-align: right\">{Text(text)}</td>" : $"<td>{Text(text)}</td>";
}
