using System.Xml.Linq;
using Emulator.Cli.Charts;

namespace Emulator.Cli.Tests.Charts;

/// <summary>Charts of bars.</summary>
public class BarChartTests
{
    [Fact]
    public void The_longest_bar_takes_the_width_and_the_others_their_part_of_it()
    {
        var widths = Widths(new BarChart("a < b", [("one", 2, "2 GB/s"), ("two", 1, "1 GB/s"), (new string('n', 90), 0, "none")]));
        Assert.Equal([230, 115, 0], widths);
    }

    [Fact]
    public void Bars_of_nothing_have_no_length()
    {
        Assert.Equal([0], Widths(new BarChart("none", [("one", 0, "0")])));
        Assert.Empty(Widths(new BarChart("empty", [])));
    }

    private static IEnumerable<double> Widths(BarChart chart) =>
        XElement.Parse(chart.ToSvg()).Descendants().Where(element => element.Name.LocalName == "rect").Select(element => (double)element.Attribute("width")!);
}
