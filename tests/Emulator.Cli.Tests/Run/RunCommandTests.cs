using System.Text.Json;

namespace Emulator.Cli.Tests.Run;

/// <summary>A small scenario end to end.</summary>
public class RunCommandTests
{
    private const string Small =
        """
        defaults: { devices: 2, reassignments: 4, pacing: step-by-step, workload: { dmas: 20000 } }
        hosts:
          - { name: apple, iommu: apple-dart }
          - { name: arm, iommu: arm-smmu-v3, kernel: 6.12, strategy: native }
        """;

    [Fact]
    public async Task A_run_gives_one_document_with_every_DMA_counted_and_none_astray()
    {
        using var file = new TemporaryFile(".yaml", Small);
        var result = await CommandLine.RunAsync("run", file.Path, "--json");
        Assert.Equal("", result.Error);
        Assert.Equal(ExitCode.Held, result.ExitCode);
        var document = result.Document;
        Assert.Equal(
            ["schema", "dmas", "dmaPerSecond", "iotlbHitRate", "faults", "reassignments", "violations", "hosts", "virtual", "comparison"],
            document.EnumerateObject().Select(member => member.Name));
        Assert.Equal("emulator.run/1", document.GetProperty("schema").GetString());
        Assert.Equal(80_000, document.GetProperty("dmas").GetInt64());
        Assert.Equal(8, document.GetProperty("reassignments").GetInt64());
        Assert.Equal(0, document.GetProperty("violations").GetInt64());
        Assert.InRange(document.GetProperty("iotlbHitRate").GetDouble(), 0.01, 1);
        Assert.Equal(["apple", "arm"], document.GetProperty("hosts").EnumerateArray().Select(host => host.GetProperty("name").GetString()));
    }

    [Fact]
    public async Task A_run_for_people_ends_with_a_verdict()
    {
        using var file = new TemporaryFile(".yaml", Small);
        var result = await CommandLine.RunAsync("run", file.Path);
        Assert.Equal(ExitCode.Held, result.ExitCode);
        Assert.StartsWith("Held: 80,000 DMAs", result.Output.TrimEnd().Split('\n')[^1], StringComparison.Ordinal);
    }

    [Fact]
    public async Task An_early_end_reports_what_was_done_so_far()
    {
        using var file = new TemporaryFile(".yaml", Small.Replace("20000", "1000000000", StringComparison.Ordinal));
        using var output = new StringWriter();
        using var error = new StringWriter();
        using var cancellation = new CancellationTokenSource(TimeSpan.FromSeconds(1));
        var code = await EmulatorCommand.InvokeAsync(["run", file.Path, "--json"], output, error, cancellation.Token);
        Assert.Equal(ExitCode.Held, code);
        using var document = JsonDocument.Parse(output.ToString());
        Assert.InRange(document.RootElement.GetProperty("dmas").GetInt64(), 0, 3_999_999_999);
    }
}
