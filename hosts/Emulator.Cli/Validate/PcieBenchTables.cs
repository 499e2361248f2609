using System.Globalization;
using Emulator.Hardware.Timing;
using Spectre.Console;

namespace Emulator.Cli.Validate;

/// <summary>A validation for people.</summary>
internal static class PcieBenchTables
{
    /// <summary>The headings of <see cref="Rows"/>.</summary>
    public static IReadOnlyList<string> Headings(PcieBenchResult result) =>
    [
        "system", "direction", "all", "large windows", .. result.Total.Lengths.Select(length => $"{length} B: all / large"), "bias, large", "superpages", "IOMMU ignored", "points",
    ];

    /// <summary>A row for each system and direction, and one for all of them.</summary>
    public static IEnumerable<string[]> Rows(PcieBenchResult result) =>
        result.Systems.Select(group => Row(result, group.System, PcieBenchRow.NameOf(group.Access), group.Errors)).Append(Row(result, "all", "both", result.Total));

    /// <summary>What was not simulated, a line for each reason.</summary>
    public static IEnumerable<string> LeftOut(PcieBenchResult result) =>
        result.LeftOut.Select(left => $"left out: {left.System}, {left.Direction}: {left.Points} points, the first {left.First}: {left.Reason}");

    /// <summary>The parameters of the model; those of a device that follow from the file have no value here.</summary>
    public static IEnumerable<string[]> Parameters() => TimingParameters.Of(PcieBenchSimulation.Iommu).Take(4)
        .Concat(TimingParameters.Of(new DeviceTiming()).Where(parameter => parameter.Name is "smallTags" or "largeTags" or "smallLength" or "postedSlots" or "upstream" or "commit"))
        .Select(parameter => (string[])[parameter.Name, parameter.Value?.ToString(CultureInfo.InvariantCulture) ?? "", parameter.Unit, parameter.Meaning]);

    /// <summary>Prints it.</summary>
    public static void Print(IAnsiConsole console, PcieBenchResult result, IReadOnlyList<string> ignored)
    {
        var table = new Table().Border(TableBorder.Simple).Title("absolute error of transactions a second, percent, IOMMU on");
        foreach (var (i, heading) in Headings(result).Index())
            table.AddColumn(i < 2 ? new TableColumn(heading).NoWrap() : new TableColumn(heading).RightAligned());
        foreach (var row in Rows(result))
            table.AddRow(row.Select(Markup.Escape).ToArray());
        console.Write(table);
        foreach (var line in LeftOut(result))
            console.MarkupLineInterpolated($"{line}");
        if (ignored.Count > 0)
            console.MarkupLineInterpolated($"columns not looked at: {string.Join(", ", ignored)}");
        foreach (var bound in result.Bounds)
            console.MarkupLineInterpolated($"{bound.ToString()}");
    }

    private static string[] Row(PcieBenchResult result, string system, string direction, PcieBenchErrors errors) =>
    [
        system,
        direction,
        Percent(errors.Mape),
        Percent(errors.MapeLargeWindows),
        .. result.Total.Lengths.Select(errors.Of).Select(size => $"{Percent(size.Mape)} / {Percent(size.MapeLargeWindows)}"),
        errors.BiasLargeWindows?.ToString("+0.00;-0.00;0.00", CultureInfo.InvariantCulture) ?? "-",
        Percent(errors.MapeSuperpages),
        Percent(errors.MapeWithoutModel),
        $"{errors.Points + errors.Superpages}",
    ];

    private static string Percent(double? value) => value?.ToString("F2", CultureInfo.InvariantCulture) ?? "-";
}
