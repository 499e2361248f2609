using System.Text.Json;
using System.Text.RegularExpressions;

namespace Emulator.Cli.Tests.Run;

/// <summary>Reports of a run in virtual time: the document, the tables, the page.</summary>
public partial class VirtualRunTests(VirtualRun run) : IClassFixture<VirtualRun>
{
    [Fact]
    public void Two_runs_give_the_same_document_and_the_same_page_byte_for_byte()
    {
        Assert.Equal((ExitCode.Held, ""), (run.First.ExitCode, run.First.Error));
        Assert.Equal(run.First.Output, run.Second.Output);
        Assert.Equal(run.Page, run.SecondPage);
    }

    [Fact]
    public void A_host_in_virtual_time_reports_what_each_of_its_devices_and_programs_did()
    {
        var strict = Host("strict").GetProperty("virtual");
        Assert.Equal(
            [
                "elapsedNanoseconds", "dmaPerSecond", "bytesPerSecond", "missRate", "walkerWaitNanoseconds", "invalidations",
                "invalidationNanoseconds", "queueWaitNanoseconds", "latency", "program", "devices",
            ],
            Names(strict));
        var devices = strict.GetProperty("devices").EnumerateArray().ToList();
        Assert.Equal(2, devices.Count);
        Assert.Equal(["name", "dmas", "bytes", "dmaPerSecond", "bytesPerSecond", "latency", "problem", "program"], Names(devices[0]));
        Assert.Equal(["count", "min", "mean", "p50", "p90", "p99", "p999", "max"], Names(devices[0].GetProperty("latency")));
        var program = devices[0].GetProperty("program");
        Assert.Equal(
            [
                "kind", "operation", "dma", "operations", "operationsPerSecond", "bytes", "bytesPerSecond", "dropped", "latency", "maps", "unmaps", "syncs", "flushes",
                "mapNanoseconds", "unmapNanoseconds", "invalidationNanoseconds", "exposed", "longestExposureNanoseconds",
                "meanExposureNanoseconds", "mostExposedDmas", "exposedDmas", "recorded", "isAsRecorded",
            ],
            Names(program));
        Assert.Equal(("nvme", "strict"), (program.GetProperty("kind").GetString(), program.GetProperty("dma").GetString()));
        Assert.Equal(600, program.GetProperty("operations").GetInt32());
        Assert.Equal(1200, strict.GetProperty("program").GetProperty("operations").GetInt32());
        Assert.Equal(Host("strict").GetProperty("dmas").GetInt64(), devices.Sum(device => device.GetProperty("dmas").GetInt64()));
        Assert.Equal(Number(strict, "invalidationNanoseconds"), Number(strict.GetProperty("program"), "invalidationNanoseconds"), 3);
    }

    [Fact]
    public void Every_device_did_what_its_scenario_asked_for()
    {
        foreach (var host in run.First.Document.GetProperty("hosts").EnumerateArray().Select(host => host.GetProperty("virtual")))
        {
            Assert.True(Number(host, "elapsedNanoseconds") > 0);
            Assert.All(host.GetProperty("devices").EnumerateArray(), device => Assert.Equal(JsonValueKind.Null, device.GetProperty("problem").ValueKind));
            var latency = host.GetProperty("latency");
            Assert.InRange(Number(latency, "p99"), Number(latency, "p50"), Number(latency, "max"));
        }

        Assert.Equal(JsonValueKind.Null, Host("random").GetProperty("virtual").GetProperty("program").ValueKind);
        Assert.Equal(4, Host("random").GetProperty("reassignments").GetInt32());
    }

    [Fact]
    public void All_hosts_together_are_their_sum()
    {
        var document = run.First.Document;
        var all = document.GetProperty("virtual");
        Assert.Equal(["hosts", "elapsedNanoseconds", "dmas", "dmaPerSecond", "bytes", "bytesPerSecond", "missRate", "latency"], Names(all));
        var hosts = document.GetProperty("hosts").EnumerateArray().Select(host => host.GetProperty("virtual")).ToList();
        Assert.Equal(document.GetProperty("dmas").GetInt64(), all.GetProperty("dmas").GetInt64());
        Assert.Equal(hosts.Max(host => Number(host, "elapsedNanoseconds")), Number(all, "elapsedNanoseconds"));
        Assert.Equal(hosts.Sum(host => Number(host.GetProperty("latency"), "count")), Number(all.GetProperty("latency"), "count"));
        Assert.InRange(Number(all, "missRate"), 0.001, 0.999);
    }

    [Fact]
    public void Hosts_with_the_same_program_are_compared_with_the_one_that_passes_through()
    {
        var rows = run.First.Document.GetProperty("comparison").EnumerateArray().ToDictionary(row => row.GetProperty("host").GetString()!, StringComparer.Ordinal);
        Assert.Equal(["strict", "lazy", "pt"], rows.Keys);
        Assert.All(rows.Values, row => Assert.Equal("pt", row.GetProperty("baseline").GetString()));
        Assert.Equal(1, Number(rows["pt"], "throughputRatio"));
        Assert.Equal(0, Number(rows["pt"], "mapNanoseconds") + Number(rows["pt"], "unmapNanoseconds") + Number(rows["pt"], "invalidationNanoseconds"));
        Assert.True(Number(rows["strict"], "throughputRatio") < Number(rows["lazy"], "throughputRatio"));
        Assert.True(Number(rows["strict"], "invalidationNanoseconds") > 10 * Number(rows["lazy"], "invalidationNanoseconds"));
        Assert.Equal((0, 0), (Number(rows["strict"], "longestExposureNanoseconds"), Number(rows["strict"], "mostExposedDmas")));
        Assert.True(Number(rows["lazy"], "longestExposureNanoseconds") > 1000);
        // A window of a device is no longer than what it sent, and several of them make up what was exposed.
        Assert.InRange(Number(rows["lazy"], "mostExposedDmas"), 100, Number(rows["lazy"], "exposedDmas") - 1);
        Assert.True(Number(rows["lazy"], "exposedDmas") <= Number(Host("lazy"), "dmas"));
    }

    [Fact]
    public async Task Hosts_that_differ_in_more_than_the_DMA_mode_are_not_compared_and_without_passthrough_there_is_no_ratio()
    {
        using var file = new TemporaryFile(
            ".yaml",
            """
            defaults: { time: virtual, devices: 1 }
            hosts:
              - { name: a, iommu: intel, workload: { kind: nvme, dma: strict, ios: 40 } }
              - { name: b, iommu: intel, workload: { kind: nvme, dma: lazy, ios: 41 } }
              - { name: c, iommu: amd, workload: { kind: nvme, dma: lazy, ios: 40 } }
              - { name: d, iommu: amd, workload: { kind: nvme, dma: strict, ios: 40 } }
            """);
        var rows = (await CommandLine.RunAsync("run", file.Path, "--json")).Document.GetProperty("comparison").EnumerateArray().ToList();
        Assert.Equal(["c", "d"], rows.Select(row => row.GetProperty("host").GetString()));
        Assert.All(rows, row => Assert.Equal((JsonValueKind.Null, JsonValueKind.Null), (row.GetProperty("baseline").ValueKind, row.GetProperty("throughputRatio").ValueKind)));
    }

    [Fact]
    public async Task Without_virtual_time_there_is_none_in_the_document()
    {
        using var file = new TemporaryFile(".yaml", "hosts:\n  - { name: a, iommu: intel, devices: 1, workload: { dmas: 1000 } }");
        var document = (await CommandLine.RunAsync("run", file.Path, "--json")).Document;
        Assert.Equal(JsonValueKind.Null, document.GetProperty("virtual").ValueKind);
        Assert.Equal(JsonValueKind.Null, document.GetProperty("hosts")[0].GetProperty("virtual").ValueKind);
        Assert.Equal(0, document.GetProperty("comparison").GetArrayLength());
    }

    [Fact]
    public void The_report_for_people_says_what_was_in_virtual_time_and_ends_with_the_speed_of_the_simulation()
    {
        var lines = run.Printed.Output.TrimEnd().Split('\n').Select(line => line.TrimEnd()).ToList();
        Assert.Equal(3, lines.Count(line => line.StartsWith("In virtual time: ", StringComparison.Ordinal)));
        Assert.Matches("^Held: .* of virtual time ", lines[^2]);
        Assert.StartsWith("Simulated in ", lines[^1], StringComparison.Ordinal);
        Assert.All(lines, line => Assert.InRange(line.Length, 0, Report.RedirectedWidth));
    }

    [Fact]
    public void The_page_needs_no_network_and_has_charts_tables_and_the_scenario()
    {
        var page = run.Page;
        Assert.DoesNotMatch(Outside(), page);
        Assert.InRange(page.Split("<svg").Length - 1, 15, 40);
        Assert.Contains("<p>Held: ", page, StringComparison.Ordinal);
        Assert.Contains("nvme on intel in different DMA modes", page, StringComparison.Ordinal);
        Assert.Contains("iommu.walkers", page, StringComparison.Ordinal);
        Assert.Contains("workload: { kind: gpu-copy, dma: strict, ", page, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("no-such-folder/run.html")]
    [InlineData(".")]
    [InlineData("")]
    public async Task A_page_that_cannot_be_written_is_refused_before_the_run(string path) =>
        (await CommandLine.RunAsync("run", "--report", path)).AssertRefused("--report: ", "cannot be written");

    [Fact]
    public async Task An_early_end_reports_the_virtual_time_reached()
    {
        using var file = new TemporaryFile(".yaml", VirtualRun.Scenario.Replace("600", "100000000", StringComparison.Ordinal));
        using var output = new StringWriter();
        using var error = new StringWriter();
        using var cancellation = new CancellationTokenSource(TimeSpan.FromSeconds(1));
        Assert.Equal(ExitCode.Held, await EmulatorCommand.InvokeAsync(["run", file.Path, "--json"], output, error, cancellation.Token));
        using var document = JsonDocument.Parse(output.ToString());
        Assert.Equal("emulator.run/1", document.RootElement.GetProperty("schema").GetString());
        Assert.Equal(7, document.RootElement.GetProperty("hosts").GetArrayLength());
    }

    private JsonElement Host(string name) => run.First.Document.GetProperty("hosts").EnumerateArray().Single(host => host.GetProperty("name").GetString() == name);

    private static IEnumerable<string> Names(JsonElement element) => element.EnumerateObject().Select(member => member.Name);

    private static double Number(JsonElement element, string name) => element.GetProperty(name).GetDouble();

    // What a page asks a network for; the names of SVG's namespaces are no addresses.
    [GeneratedRegex("""(src|href)\s*=\s*["'](?!#)|@import|url\((?!['"]?#)|<script""", RegexOptions.ExplicitCapture, 1000)]
    private static partial Regex Outside();
}
