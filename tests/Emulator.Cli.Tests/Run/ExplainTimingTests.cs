using System.Text.Json;

namespace Emulator.Cli.Tests.Run;

/// <summary><c>run --explain-timing</c>: what hardware takes in virtual time, and who said so.</summary>
public class ExplainTimingTests
{
    private const string Scenario =
        """
        hosts:
          - { name: a, iommu: intel, time: virtual }
          - { name: b, iommu: intel, time: virtual, timing: { iommu: { walkers: 2, walk: 286 }, device: { measuredInterval: 12.5 } } }
          - { name: c, iommu: intel }
        """;

    [Fact]
    public async Task The_document_names_every_parameter_and_tells_defaults_from_what_the_scenario_says()
    {
        using var file = new TemporaryFile(".yaml", Scenario);
        var result = await CommandLine.RunAsync("run", file.Path, "--explain-timing", "--json");
        Assert.Equal((ExitCode.Held, ""), (result.ExitCode, result.Error));
        Assert.Equal("emulator.timing/1", result.Document.GetProperty("schema").GetString());
        var hosts = result.Document.GetProperty("hosts").EnumerateArray().ToList();
        Assert.Equal(["a", "b", "c"], hosts.Select(host => host.GetProperty("name").GetString()));
        Assert.All(Parameters(hosts[0]), parameter => Assert.Equal("default", parameter.GetProperty("source").GetString()));
        Assert.Equal(
            ["part", "name", "value", "unit", "meaning", "source", "default"], Parameters(hosts[0])[0].EnumerateObject().Select(member => member.Name));
        // A value that is the default is one, whoever says it.
        Assert.Equal(
            ["walkers", "measuredInterval"],
            Parameters(hosts[1])
                .Where(parameter => parameter.GetProperty("source").GetString() == "scenario")
                .Select(parameter => parameter.GetProperty("name").GetString()));
        Assert.Equal((2, 6), (Parameters(hosts[1])[0].GetProperty("value").GetDouble(), Parameters(hosts[1])[0].GetProperty("default").GetDouble()));
        Assert.Equal(JsonValueKind.Null, hosts[2].GetProperty("parameters").ValueKind);
    }

    [Fact]
    public async Task The_tables_are_one_for_each_timing_and_run_nothing()
    {
        using var file = new TemporaryFile(".yaml", Scenario.Replace("name: c, iommu: intel", "name: c, iommu: amd, time: virtual", StringComparison.Ordinal));
        var result = await CommandLine.RunAsync("run", file.Path, "--explain-timing");
        Assert.Equal(ExitCode.Held, result.ExitCode);
        Assert.Contains("Timing of a, c, in virtual time", result.Output, StringComparison.Ordinal);
        Assert.Contains("Timing of b, in virtual time", result.Output, StringComparison.Ordinal);
        Assert.DoesNotContain("Held", result.Output, StringComparison.Ordinal);
        Assert.DoesNotContain("Without virtual time", result.Output, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Hosts_without_virtual_time_are_named()
    {
        using var file = new TemporaryFile(".yaml", Scenario);
        Assert.Contains("Without virtual time: c", (await CommandLine.RunAsync("run", file.Path, "--explain-timing")).Output, StringComparison.Ordinal);
    }

    [Fact]
    public async Task There_is_no_page_about_a_run_that_is_none() =>
        (await CommandLine.RunAsync("run", "--explain-timing", "--report", "run.html")).AssertRefused("--explain-timing", "--report");

    private static List<JsonElement> Parameters(JsonElement host) => [.. host.GetProperty("parameters").EnumerateArray()];
}
