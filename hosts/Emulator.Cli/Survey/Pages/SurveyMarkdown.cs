using System.Text;

namespace Emulator.Cli.Survey.Pages;

/// <summary>Survey results as Markdown tables.</summary>
internal static class SurveyMarkdown
{
    /// <summary>The answer and the matrix.</summary>
    public static string Matrix(IReadOnlyList<SurveyCase> cases)
    {
        var text = new StringBuilder().Append(SurveyAnswerText.Of(cases)).Append("\n\n");
        Table(text, ["IOMMU", "variant", .. SurveyMatrixRow.Headings], SurveyMatrixRow.Of(cases).Select(row => (string[])
        [
            $"[{row.Room.Name}](iommus/{row.Room.Name}.md)", row.Variant, .. row.Cells.Select(cell => string.Join("<br>", cell.Lines.Select(Escape))),
        ]));
        return text.ToString();
    }

    /// <summary>Appends a table.</summary>
    /// <param name="text">Where to.</param>
    /// <param name="headings">The headings.</param>
    /// <param name="rows">The cells, Markdown already.</param>
    public static void Table(StringBuilder text, IReadOnlyList<string> headings, IEnumerable<IReadOnlyList<string>> rows)
    {
        Row(headings);
        Row([.. headings.Select(_ => "---")]);
        foreach (var row in rows)
            Row(row);

        void Row(IReadOnlyList<string> cells) => text.Append("| ").AppendJoin(" | ", cells).Append(" |\n");
    }

    /// <summary>Plain text for a cell.</summary>
    public static string Escape(string text) => text.Replace("|", "\\|", StringComparison.Ordinal).Replace("<", "&lt;", StringComparison.Ordinal).Replace("_", "\\_", StringComparison.Ordinal);
}
