using System.Globalization;
using System.Xml.Linq;
using Emulator.Cli.Charts;

namespace Emulator.Cli.Tests.Charts;

public sealed class LineChartTests
{
    private static readonly XNamespace Svg = "http://www.w3.org/2000/svg";

    [Fact]
    public void A_chart_is_one_svg_element_with_its_words_and_lines()
    {
        var svg = XDocument.Parse(Chart().ToSvg()).Root!;
        Assert.Equal(Svg + "svg", svg.Name);
        var words = svg.Descendants(Svg + "text").Select(text => text.Value).ToList();
        foreach (var word in (string[])["reads & writes", "window", "rate", "\u25cf a<b", "\u25cf second", "0"])
            Assert.Contains(word, words);
        foreach (var colour in (string[])["#767676", "#1F77B4"])
            Assert.Contains(svg.Descendants(Svg + "path"), path => (string?)path.Attribute("stroke") == colour);
    }

    [Fact]
    public void The_same_chart_gives_the_same_bytes_and_another_one_other_names()
    {
        Assert.Equal(Chart().ToSvg(), Chart().ToSvg());
        var names = Names(Chart());
        Assert.NotEmpty(names);
        Assert.Empty(names.Intersect(Names(Chart() with { Title = "another" }), StringComparer.Ordinal));
    }

    [Fact]
    public void A_logarithmic_axis_has_powers_of_two_at_equal_distances()
    {
        var chart = Chart() with { HasLogarithmicX = true, XText = x => $"<{x.ToString(CultureInfo.InvariantCulture)}>", Series = [new("a", [(1, 1), (256, 2)])] };
        var ticks = XDocument.Parse(chart.ToSvg()).Descendants(Svg + "text").Where(text => text.Value is ['<', ..]).ToList();
        Assert.Equal(["<1>", "<2>", "<4>", "<8>", "<16>", "<32>", "<64>", "<128>", "<256>"], ticks.Select(tick => tick.Value));
        var places = ticks.Select(tick => double.Parse(tick.Attribute("x")!.Value, CultureInfo.InvariantCulture)).ToList();
        for (var i = 1; i < places.Count; i++)
            Assert.Equal(places[1] - places[0], places[i] - places[i - 1], 0.2);
    }

    [Theory]
    [InlineData(0.003)]
    [InlineData(7)]
    [InlineData(58.3)]
    [InlineData(123_456)]
    public void The_y_axis_has_round_numbers_from_0_to_above_the_highest_value(double highest)
    {
        var chart = Chart() with { Series = [new("a", [(1, highest)])], XText = _ => "x" };
        var ticks = XDocument.Parse(chart.ToSvg()).Descendants(Svg + "text").Where(text => (string?)text.Attribute("text-anchor") == "end")
            .Select(text => double.Parse(text.Value, CultureInfo.InvariantCulture)).ToList();
        Assert.Equal(0, ticks[0]);
        Assert.InRange(ticks.Count, 4, 10);
        Assert.InRange(ticks[^1], highest * 0.9999, highest * 1.5);
    }

    [Fact]
    public void A_chart_without_points_is_empty() => Assert.NotNull(XDocument.Parse((Chart() with { Series = [] }).ToSvg()).Root);

    [Fact]
    public void More_lines_than_colours_are_refused() =>
        Assert.Throws<ArgumentException>(() => (Chart() with { Series = [.. Enumerable.Repeat(new LineSeries("a", []), 7)] }).ToSvg());

    private static IEnumerable<string> Names(LineChart chart) => XDocument.Parse(chart.ToSvg()).Descendants().Attributes("id").Select(id => id.Value);

    private static LineChart Chart() => new()
    {
        Title = "reads & writes",
        XLabel = "window",
        YLabel = "rate",
        Series = [new("a<b", [(1, 3), (2, 1)]), new("second", [(1, 1), (2, 2)])],
    };
}
