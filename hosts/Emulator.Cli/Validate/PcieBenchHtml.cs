using System.Globalization;
using Emulator.Cli.Charts;

namespace Emulator.Cli.Validate;

/// <summary>A validation as one self-contained page: measured against simulated curves, the errors, the parameters.</summary>
internal static class PcieBenchHtml
{
    private const string Style = "figure { display: inline-block; margin: 0 1em 1em 0; } svg { max-width: 100%; }";

    /// <summary>Makes the page.</summary>
    public static HtmlPage Of(PcieBenchResult result)
    {
        var page = new HtmlPage("DMA behind an IOMMU: measured against simulated", Style)
            .Paragraph(
                "DMAs of one size to random places of a window, as fast as device, link and IOMMU let them. " +
                "The simulation knows what was measured with the IOMMU off, and nothing else of a system.")
            .Add("<h2>Absolute error, percent</h2>\n")
            .Table(PcieBenchTables.Headings(result), PcieBenchTables.Rows(result));
        foreach (var line in PcieBenchTables.LeftOut(result))
            page.Paragraph(line);
        foreach (var bound in result.Bounds)
            page.Paragraph(bound.ToString());
        foreach (var system in result.Points.GroupBy(point => (point.Measured.System, point.Measured.Access)))
        {
            page.Add($"<h2>{HtmlPage.Text($"{system.Key.System}, {PcieBenchRow.NameOf(system.Key.Access)}")}</h2>\n");
            // One cache state stands for all: the cold one, where it was measured.
            var cache = system.Select(point => point.Measured.Cache).Distinct().OrderBy(name => name == "cold" ? 0 : 1).First();
            var shown = system.Where(point => point.Measured.Cache == cache);
            foreach (var size in shown.GroupBy(point => (point.Measured.Paging, point.Measured.Length)).OrderBy(group => group.Key))
            {
                var title = $"{size.Key.Length} bytes, {NameOf(size.Key.Paging)}, cache {cache}";
                page.Add("<figure>").Add(Chart(title, [.. size.OrderBy(point => point.Measured.Window)]).ToSvg()).Add("</figure>\n");
            }
        }

        return page
            .Add("<h2>Parameters</h2>\n")
            .Table(["name", "value", "unit", "meaning"], PcieBenchTables.Parameters())
            .Paragraph("Data in the format of pcie-bench (Understanding PCIe performance for end host networking, SIGCOMM 2018, doi:10.1145/3230543.3230560).");
    }

    private static LineChart Chart(string title, IReadOnlyList<PcieBenchPoint> points) => new()
    {
        Title = title,
        XLabel = "window, bytes",
        YLabel = "M transactions/s",
        HasLogarithmicX = true,
        XText = Bytes,
        Series =
        [
            new("IOMMU off, measured", Line(points, point => point.Off)),
            new("on, measured", Line(points, point => point.Measured.Rate)),
            new("on, simulated", Line(points, point => point.Simulated)),
        ],
    };

    private static List<(double X, double Y)> Line(IReadOnlyList<PcieBenchPoint> points, Func<PcieBenchPoint, double> rate) =>
        [.. points.Select(point => ((double)point.Measured.Window, rate(point) / 1e6))];

    private static string NameOf(PcieBenchPaging paging) => paging == PcieBenchPaging.Superpages ? "superpages" : "4 KiB pages";

    private static string Bytes(double bytes) =>
        bytes >= 1 << 20 ? $"{Short(bytes / (1 << 20))} MiB" : bytes >= 1024 ? $"{Short(bytes / 1024)} KiB" : $"{Short(bytes)} B";

    private static string Short(double value) => value.ToString("0.#", CultureInfo.InvariantCulture);
}
