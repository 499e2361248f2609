using Emulator.Cli.Charts;
using Spectre.Console;

namespace Emulator.Cli.Run;

/// <summary>A table of a report, for the console and for a page.</summary>
/// <param name="Title">What it shows; empty for none.</param>
/// <param name="Words">How many columns, from the first, are words; the others are numbers.</param>
/// <param name="Headings">The columns.</param>
/// <param name="Rows">The rows; one cell for each column.</param>
internal sealed record ReportTable(string Title, int Words, IReadOnlyList<string> Headings, IReadOnlyList<IReadOnlyList<string>> Rows)
{
    /// <summary>Prints it.</summary>
    public void Print(IAnsiConsole console)
    {
        var table = new Table().Border(TableBorder.Simple);
        if (Title.Length > 0)
            console.MarkupLineInterpolated($"{Title}");
        foreach (var (column, heading) in Headings.Index())
            table.AddColumn(column < Words ? new TableColumn(heading).NoWrap() : new TableColumn(heading).RightAligned());
        foreach (var row in Rows)
            table.AddRow(row.Select(Markup.Escape).ToArray());
        console.Write(table);
    }

    /// <summary>Adds it to a page.</summary>
    public void AddTo(HtmlPage page)
    {
        if (Title.Length > 0)
            page.Paragraph(Title);
        page.Table(Headings, Rows);
    }
}
