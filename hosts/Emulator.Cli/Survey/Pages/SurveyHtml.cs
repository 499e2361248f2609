using System.Text;
using Emulator.Cli.Charts;

namespace Emulator.Cli.Survey.Pages;

/// <summary>The survey as one self-contained page: the answer, the matrix, and behind each cell its evidence.</summary>
internal static class SurveyHtml
{
    private const string Style =
        """
        thead th { position: sticky; top: 0; background: #eee; } tbody th { background: #f6f6f6; white-space: nowrap; }
        .good { background: #dff3df; } .bad { background: #fbdada; } summary { cursor: pointer; }
        details[open] { min-width: 60em; } details table { font: 12px/1.3 ui-monospace, monospace; margin: .5em 0; background: #fff; }
        @media print { body { margin: 0; font-size: 9px; } thead { display: table-header-group; } thead th { position: static; } tr { break-inside: avoid; }
          .good, .bad { print-color-adjust: exact; -webkit-print-color-adjust: exact; } details:not([open]) > summary { list-style: none; } details[open] { min-width: 0; } }
        """;

    /// <summary>Makes the page.</summary>
    public static HtmlPage Of(IReadOnlyList<SurveyCase> cases)
    {
        var html = new StringBuilder("<table><thead><tr>");
        foreach (var heading in SurveyMatrixRow.Headings.Prepend("variant").Prepend("IOMMU"))
            html.Append("<th>").Append(Text(heading)).Append("</th>");
        html.Append("</tr></thead><tbody>\n");
        foreach (var row in SurveyMatrixRow.Of(cases))
        {
            html.Append("<tr><th title=\"").Append(Text(row.Room.Title)).Append("\">").Append(Text(row.Room.Name)).Append("</th><th>").Append(Text(row.Variant)).Append("</th>");
            foreach (var cell in row.Cells)
                Cell(html, cell);
            html.Append("</tr>\n");
        }

        html.Append("</tbody></table>\n");
        return new HtmlPage("Where DMA goes after a detach", Style)
            .Paragraph(SurveyAnswerText.Of(cases))
            .Paragraph("Each cell unfolds the log behind it: every register and memory access, what the DMAs after it did, where they landed, what was recorded.")
            .Add(html.ToString());
    }

    private static void Cell(StringBuilder html, SurveyCell cell)
    {
        html.Append(cell.Tone switch
        {
            SurveyTone.Good => "<td class=\"good\">",
            SurveyTone.Bad => "<td class=\"bad\">",
            _ => "<td>",
        });
        var lines = string.Join("<br>", cell.Lines.Select(Text));
        if (cell.Evidence.Count > 0)
        {
            html.Append("<details><summary>").Append(lines).Append("</summary>");
            Evidence(html, cell.Evidence);
            html.Append("</details>");
        }
        else
        {
            html.Append(lines);
        }

        html.Append("</td>");
    }

    private static void Evidence(StringBuilder html, IReadOnlyList<SurveyPoint> points)
    {
        html.Append("<table><tr><th>phase</th><th>#</th><th>driver step</th><th>page in use</th><th>new page</th></tr>");
        SurveyPhase? last = null;
        foreach (var point in points)
        {
            html.Append("<tr><td>").Append(point.Phase == last ? "" : SurveyText.Of(point.Phase)).Append("</td><td>").Append(point.Number).Append("</td><td>").Append(Text(SurveyText.Step(point))).Append("</td>");
            Observations(html, point, cold: false);
            Observations(html, point, cold: true);
            html.Append("</tr>");
            last = point.Phase;
        }

        html.Append("</table>");
    }

    private static void Observations(StringBuilder html, SurveyPoint point, bool cold)
    {
        var pair = point.Observations.Where(observation => observation.Cold == cold).ToList();
        if (pair.Count == 0)
        {
            html.Append("<td></td>");
            return;
        }

        html.Append(SurveyMatrixRow.ToneOf(pair.Max(observation => observation.Outcome)) switch
        {
            SurveyTone.Good => "<td class=\"good\">",
            SurveyTone.Bad => "<td class=\"bad\">",
            _ => "<td>",
        });
        html.Append(Text(SurveyText.Pair(pair[0], pair[1], Long))).Append("</td>");
    }

    private static string Long(SurveyObservation observation)
    {
        var fault = observation.Dma.Fault is { } record ? $", recorded {SurveyText.Of(record)}" : "";
        return observation.Dma.LandedAt is { } address
            ? $"{SurveyText.Of(observation.Outcome)} 0x{observation.Dma.Iova:x} -> 0x{address:x} ({SurveyText.Of(observation.Dma.Landing)}){fault}"
            : $"{SurveyText.Of(observation.Outcome)} 0x{observation.Dma.Iova:x}{(fault.Length > 0 ? fault : ", nothing recorded")}";
    }

    private static string Text(string text) => HtmlPage.Text(text);
}
