using System.Globalization;
using System.IO.Hashing;
using System.Net;
using System.Text;
using System.Text.RegularExpressions;
using ScottPlot;
using ScottPlot.TickGenerators;

namespace Emulator.Cli.Charts;

/// <summary>A chart of lines as an SVG element for a page. The y axis begins at 0. The same chart gives the same text, whatever fonts a machine has: the
/// browser draws all words.</summary>
public sealed partial record LineChart
{
    private const int Width = 480;
    private const int Height = 300;
    private const int Left = 56;
    private const int Right = 16;
    private const int Top = 32;
    private const int Bottom = 72;
    private const int WidestTicks = 9;
    private const int LegendColumns = 3;

    private static readonly string[] Colours = ["#767676", "#1f77b4", "#d62728", "#2ca02c", "#9467bd", "#ff7f0e"];

    /// <summary>What it shows.</summary>
    public required string Title { get; init; }

    /// <summary>What goes along, with its unit.</summary>
    public required string XLabel { get; init; }

    /// <summary>What goes up, with its unit.</summary>
    public required string YLabel { get; init; }

    /// <summary>The lines, at most six.</summary>
    public required IReadOnlyList<LineSeries> Series { get; init; }

    /// <summary>Whether the x axis is one of powers of two; x is above 0 then.</summary>
    public bool HasLogarithmicX { get; init; }

    /// <summary>How an x is written.</summary>
    public Func<double, string> XText { get; init; } = x => x.ToString("G4", CultureInfo.InvariantCulture);

    /// <summary>Draws it.</summary>
    /// <exception cref="ArgumentException">There are more lines than colours.</exception>
    public string ToSvg()
    {
        if (Series.Count > Colours.Length)
            throw new ArgumentException($"a chart has {Colours.Length} lines at most, not {Series.Count}");
        var points = Series.SelectMany(series => series.Points).Select(point => (X: Along(point.X), point.Y)).ToList();
        var (first, last) = points.Count == 0 ? (0, 1) : (points.Min(point => point.X), points.Max(point => point.X));
        if (first == last)
            (first, last) = (first - 0.5, last + 0.5);
        var yTicks = Ticks(0, points.Select(point => point.Y).Append(0).Max());
        var xTicks = HasLogarithmicX ? PowersOfTwo(first, last) : Ticks(first, last).Where(x => x >= first && x <= last).ToArray();
        using var plot = new Plot();
        plot.Layout.Fixed(new PixelPadding(Left, Right, Bottom, Top));
        plot.Axes.SetLimits(first, last, 0, yTicks[^1] * 1.02);
        Scale(plot.Axes.Bottom, xTicks);
        Scale(plot.Axes.Left, yTicks);
        foreach (var (i, series) in Series.Index())
        {
            var line = plot.Add.Scatter(series.Points.Select(point => new Coordinates(Along(point.X), point.Y)).ToArray(), Color.FromHex(Colours[i]));
            line.LineWidth = 2;
            line.MarkerSize = series.Points.Count > 50 ? 0 : 5;
        }

        var drawn = plot.GetSvgXml(Width, Height);
        var words = new StringBuilder("<g font-family=\"system-ui, sans-serif\" font-size=\"11\" fill=\"#1a1a1a\">\n");
        Write(words, Left, 18, Title, "font-size=\"13\" font-weight=\"600\"");
        foreach (var x in xTicks)
            Write(words, X(x, first, last), Height - Bottom + 16, XText(HasLogarithmicX ? Math.Pow(2, x) : x), "text-anchor=\"middle\"");
        foreach (var y in yTicks)
            Write(words, Left - 7, Y(y, yTicks[^1]) + 4, y.ToString("G4", CultureInfo.InvariantCulture), "text-anchor=\"end\"");
        Write(words, (Width + Left - Right) / 2.0, Height - Bottom + 34, XLabel, "text-anchor=\"middle\"");
        var middle = (Height + Top - Bottom) / 2;
        Write(words, 14, middle, YLabel, $"text-anchor=\"middle\" transform=\"rotate(-90 14 {middle})\"");
        foreach (var (i, series) in Series.Index())
        {
            var (row, column) = Math.DivRem(i, LegendColumns);
            Write(words, Left + ((Width - Left - Right) * column / LegendColumns), Height - 22 + (14 * row), $"\u25cf {series.Name}", $"fill=\"{Colours[i]}\"");
        }

        return Join(drawn, words.Append("</g>\n").ToString());
    }

    private static void Scale(IAxis axis, double[] ticks)
    {
        axis.TickGenerator = new NumericManual(ticks, new string[ticks.Length].Select(_ => "").ToArray());
        axis.Label.IsVisible = false;
    }

    private static double X(double x, double first, double last) => Left + ((x - first) / (last - first) * (Width - Left - Right));

    private static double Y(double y, double highest) => Height - Bottom - (y / (highest * 1.02) * (Height - Top - Bottom));

    private static void Write(StringBuilder words, double x, double y, string text, string style) =>
        words.Append(CultureInfo.InvariantCulture, $"<text x=\"{x:0.#}\" y=\"{y:0.#}\" {style}>{WebUtility.HtmlEncode(text)}</text>\n");

    // 1, 2 or 5 times a power of ten apart, four to nine of them, the last one not below the highest value.
    private static double[] Ticks(double first, double last)
    {
        var range = last > first ? last - first : 1;
        var step = Math.Pow(10, Math.Floor(Math.Log10(range / 4)));
        step *= range / step > 40 ? 10 : range / step > 20 ? 5 : range / step > 8 ? 2 : 1;
        var ticks = new List<double>();
        for (var i = Math.Floor(first / step); ticks.Count == 0 || ticks[^1] < last || ticks.Count < 2; i++)
            ticks.Add(Math.Round(i * step, 12));
        return [.. ticks];
    }

    private static double[] PowersOfTwo(double first, double last)
    {
        var step = Math.Max(1, Math.Ceiling((last - first) / (WidestTicks - 1)));
        var ticks = new List<double>();
        for (var x = Math.Ceiling(first); x <= last; x += step)
            ticks.Add(x);
        return [.. ticks];
    }

    // An element of a page: no declaration, and names that no other chart on it has. Skia counts its names from the start of the process.
    private static string Join(string drawn, string words)
    {
        var body = drawn[drawn.IndexOf("<svg", StringComparison.Ordinal)..drawn.LastIndexOf("</svg>", StringComparison.Ordinal)].ReplaceLineEndings("\n");
        var names = new Dictionary<string, int>(StringComparer.Ordinal);
        body = ClipName().Replace(body, found =>
        {
            names.TryAdd(found.Value, names.Count);
            return $"clip#{names[found.Value]}";
        });
        var name = Convert.ToHexStringLower(XxHash32.Hash(Encoding.UTF8.GetBytes(body + words)));
        return $"{body.Replace("clip#", $"clip-{name}-", StringComparison.Ordinal)}{words}</svg>\n";
    }

    [GeneratedRegex("cl_[0-9a-f]+", RegexOptions.NonBacktracking)]
    private static partial Regex ClipName();

    private double Along(double x) => HasLogarithmicX ? Math.Log2(x) : x;
}
