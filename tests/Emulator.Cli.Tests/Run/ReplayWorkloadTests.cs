using System.Text.Json;

namespace Emulator.Cli.Tests.Run;

/// <summary>Recorded traces as workloads.</summary>
public class ReplayWorkloadTests
{
    /// <summary>Each trace in its own DMA mode: map, unmap and invalidation counts are the recording's.</summary>
    [Theory]
    [InlineData("nvme-randrw-strict", "intel", "strict", 19036, 14755, 14755, 0)]
    [InlineData("nvme-randrw-lazy", "intel", "lazy", 27035, 14755, 0, 307)]
    [InlineData("net-e1000e-strict", "intel", "strict", 19202, 18939, 18939, 0)]
    [InlineData("nvme-arm64-strict", "arm-smmu-v3", "strict", 17991, 11168, 11168, 0)]
    public async Task Counts_are_those_of_the_recording(string trace, string iommu, string dma, long maps, long unmaps, long syncs, long flushes)
    {
        var host = Assert.Single(await RunAsync($"- {{ name: h, iommu: {iommu}, workload: {{ kind: replay, dma: {dma}, trace: '{PathOf(trace)}' }} }}"));
        var program = host.GetProperty("virtual").GetProperty("program");
        Assert.Equal([maps, unmaps, syncs, flushes], Counts(program));
        Assert.Equal([maps, unmaps, syncs, flushes], Counts(program.GetProperty("recorded")));
        Assert.True(program.GetProperty("isAsRecorded").GetBoolean());
        Assert.Equal((0L, 0L), (host.GetProperty("refused").GetInt64(), host.GetProperty("violations").GetInt64()));
    }

    [Fact]
    public async Task A_trace_is_played_in_each_mode_and_the_modes_are_compared()
    {
        var workload = $"kind: replay, pace: back-to-back, trace: '{PathOf("net-e1000e-strict")}'";
        var hosts = await RunAsync(string.Join("\n", ((string[])["strict", "lazy", "passthrough"]).Select(mode => $"- {{ name: {mode}, iommu: intel, workload: {{ {workload}, dma: {mode} }} }}")));
        var programs = hosts.Select(host => host.GetProperty("virtual").GetProperty("program")).ToList();
        Assert.Equal([true, false, false], programs.Select(program => program.GetProperty("isAsRecorded").GetBoolean()));
        Assert.Equal([18939, 0, 0], programs.Select(program => program.GetProperty("syncs").GetInt64()));
        var times = hosts.Select(host => host.GetProperty("virtual").GetProperty("elapsedNanoseconds").GetDouble()).ToList();
        Assert.True(times[0] > times[1] && times[1] > times[2], string.Join(' ', times));
        Assert.True(programs[1].GetProperty("longestExposureNanoseconds").GetDouble() > 0 && programs[1].GetProperty("mostExposedDmas").GetInt64() > 0);
    }

    [Fact]
    public async Task A_trace_is_scaled_and_looped()
    {
        var hosts = await RunAsync(
            $"- {{ name: one, iommu: intel, workload: {{ kind: replay, trace: '{PathOf("mixed-strict")}' }} }}\n"
            + $"- {{ name: more, iommu: intel, workload: {{ kind: replay, scale: 3, loops: 2, pace: back-to-back, trace: '{PathOf("mixed-strict")}' }} }}");
        var maps = hosts.Select(host => host.GetProperty("virtual").GetProperty("program").GetProperty("maps").GetInt64()).ToList();
        Assert.Equal(6 * maps[0], maps[1]);
        Assert.Equal(3 * hosts[0].GetProperty("virtual").GetProperty("devices").GetArrayLength(), hosts[1].GetProperty("virtual").GetProperty("devices").GetArrayLength());
    }

    [Theory]
    [InlineData("kind: replay", "workload.trace: is missing")]
    [InlineData("kind: replay, trace: no-such.trace", "no-such.trace")]
    [InlineData("kind: replay, trace: '{0}', scale: 1000", "more than 1024")]
    [InlineData("kind: replay, trace: '{0}', ios: 4", "unknown field")]
    public async Task What_is_wrong_is_refused_by_name(string workload, string reason)
    {
        using var file = new TemporaryFile(".yaml", Scenario($"- {{ name: h, iommu: intel, workload: {{ {workload.Replace("{0}", PathOf("mixed-strict"), StringComparison.Ordinal)} }} }}"));
        var result = await CommandLine.RunAsync("run", file.Path);
        Assert.Equal(ExitCode.BadInput, result.ExitCode);
        Assert.Contains(reason, result.Error, StringComparison.Ordinal);
    }

    private static string PathOf(string trace) => Repository.Path("tests", "data", "traces", $"{trace}.trace.gz");

    private static string Scenario(string hosts) => $"defaults: {{ time: virtual }}\nhosts:\n{string.Join('\n', hosts.Split('\n').Select(line => $"  {line}"))}";

    private static async Task<IReadOnlyList<JsonElement>> RunAsync(string hosts)
    {
        using var file = new TemporaryFile(".yaml", Scenario(hosts));
        var result = await CommandLine.RunAsync("run", file.Path, "--json");
        Assert.Equal("", result.Error);
        Assert.Equal(ExitCode.Held, result.ExitCode);
        return [.. result.Document.GetProperty("hosts").EnumerateArray()];
    }

    private static IEnumerable<long> Counts(JsonElement counts) => ((string[])["maps", "unmaps", "syncs", "flushes"]).Select(name => counts.GetProperty(name).GetInt64());
}
