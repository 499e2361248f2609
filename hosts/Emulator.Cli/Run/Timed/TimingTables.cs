namespace Emulator.Cli.Run.Timed;

/// <summary>What hosts' hardware takes in virtual time, for people.</summary>
internal static class TimingTables
{
    /// <summary>A table for all hosts that have the same parameters; none for hosts without virtual time.</summary>
    public static IEnumerable<ReportTable> Of(Scenario scenario) => scenario.Hosts
        .Where(host => host.Specification.Timing != null)
        .GroupBy(host => host.Specification.Timing!)
        .Select(group => new ReportTable(
            $"Timing of {string.Join(", ", group.Select(host => host.Specification.Name))}, in virtual time",
            4,
            ["parameter", "unit", "set by", "meaning", "value", "default"],
            [.. HostTimingFigures.Of(group.First().Specification).Parameters!.Select(Row)]));

    /// <summary>A line about the hosts without virtual time; null when there are none.</summary>
    public static string? Without(Scenario scenario)
    {
        var names = scenario.Hosts.Where(host => host.Specification.Timing == null).Select(host => host.Specification.Name).ToList();
        return names.Count == 0 ? null : $"Without virtual time: {string.Join(", ", names)}";
    }

    private static string[] Row(HostTimingParameter parameter) =>
    [
        $"{parameter.Part}.{parameter.Name}",
        parameter.Unit,
        parameter.Source,
        parameter.Meaning,
        Of(parameter.Value),
        Of(parameter.Default),
    ];

    private static string Of(double? value) => value is { } set ? RunText.Exact(set) : "not set";
}
