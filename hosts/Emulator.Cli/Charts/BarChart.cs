using System.Globalization;
using System.Net;
using System.Text;

namespace Emulator.Cli.Charts;

/// <summary>A chart of bars, one below the other, as an SVG element for a page. The same chart gives the same text.</summary>
/// <param name="Title">What it shows, with its unit.</param>
/// <param name="Bars">Name, length (at least 0) and the words for it.</param>
public sealed record BarChart(string Title, IReadOnlyList<(string Name, double Value, string Text)> Bars)
{
    private const int Width = 480;
    private const int Left = 160;
    private const int Right = 90;
    private const int LongestName = 28;
    private const int Top = 32;
    private const int Row = 20;

    /// <summary>Draws it; the longest bar takes the whole width.</summary>
    public string ToSvg()
    {
        var height = Top + (Row * Bars.Count) + 8;
        var longest = Bars.Select(bar => bar.Value).DefaultIfEmpty().Max();
        var svg = new StringBuilder();
        svg.Append(CultureInfo.InvariantCulture, $"<svg xmlns=\"http://www.w3.org/2000/svg\" width=\"{Width}\" height=\"{height}\" viewBox=\"0 0 {Width} {height}\" ")
            .Append("font-family=\"system-ui, sans-serif\" font-size=\"11\" fill=\"#1a1a1a\">\n")
            .Append(CultureInfo.InvariantCulture, $"<text x=\"0\" y=\"18\" font-size=\"13\" font-weight=\"600\">{WebUtility.HtmlEncode(Title)}</text>\n");
        foreach (var (i, (name, value, text)) in Bars.Index())
        {
            var (y, length) = (Top + (Row * i), longest > 0 ? value / longest * (Width - Left - Right) : 0);
            svg.Append(CultureInfo.InvariantCulture, $"<text x=\"{Left - 6}\" y=\"{y + 12}\" text-anchor=\"end\">{WebUtility.HtmlEncode(Shortened(name))}</text>")
                .Append(CultureInfo.InvariantCulture, $"<rect x=\"{Left}\" y=\"{y + 2}\" width=\"{length:0.#}\" height=\"{Row - 6}\" fill=\"#1f77b4\"/>")
                .Append(CultureInfo.InvariantCulture, $"<text x=\"{Left + length + 5:0.#}\" y=\"{y + 12}\">{WebUtility.HtmlEncode(text)}</text>\n");
        }

        return svg.Append("</svg>\n").ToString();
    }

    private static string Shortened(string name) => name.Length <= LongestName ? name : $"{name[..(LongestName - 1)]}\u2026";
}
