using Emulator.Cli.Charts;
using Emulator.Cli.Run.Timed;

namespace Emulator.Cli.Run;

/// <summary>A run as one self-contained page: the verdict, the tables, charts of what was done in virtual time, and all values that it was run with.</summary>
internal static class RunHtml
{
    private const string Style =
        """
        figure { display: inline-block; margin: 0 1em 1em 0; } svg { max-width: 100%; } pre { overflow-x: auto; background: #f6f6f6; padding: .5em; }
        """;

    /// <summary>Makes the page. Where all hosts have virtual time it is the same for every run of the scenario.</summary>
    public static HtmlPage Of(RunResult result)
    {
        var page = new HtmlPage($"Run of {result.Scenario.Name}", Style).Paragraph(RunVerdict.Of(result).ToString());
        foreach (var (tone, line) in RunTables.Remarks(result))
            page.Paragraph($"{tone} {line}");
        foreach (var table in RunTables.Of(result))
            table.AddTo(page);
        foreach (var section in TimedCharts.Of(result).GroupBy(chart => chart.Section))
        {
            page.Add($"<h2>{HtmlPage.Text(section.Key)}</h2>\n");
            foreach (var (_, svg) in section)
                page.Add($"<figure>{svg}</figure>\n");
        }

        page.Add("<h2>Scenario</h2>\n")
            .Paragraph("Every value that it was run with, defaults included, as a scenario file.")
            .Add($"<pre>{HtmlPage.Text(ScenarioWriter.Write(result.Scenario))}</pre>\n");
        foreach (var table in TimingTables.Of(result.Scenario))
            table.AddTo(page);
        return TimingTables.Without(result.Scenario) is { } without ? page.Paragraph(without) : page;
    }
}
