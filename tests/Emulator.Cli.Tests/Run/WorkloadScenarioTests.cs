using Emulator.Cli.Run;
using Emulator.Hardware.Devices;
using Emulator.Hardware.DmaApi;

namespace Emulator.Cli.Tests.Run;

/// <summary>The examples in <c>scenarios/workloads</c>: each runs, and every kind of workload has one.</summary>
public class WorkloadScenarioTests
{
    private static readonly string[] Names = [.. Directory.GetFiles(Repository.Path("scenarios", "workloads"), "*.yaml").Select(Path.GetFileName).Order(StringComparer.Ordinal)!];

    public static TheoryData<string> Files => [.. Names];

    [Theory]
    [MemberData(nameof(Files))]
    public async Task An_example_runs_and_every_check_holds(string file)
    {
        var result = await CommandLine.RunAsync("run", Repository.Path("scenarios", "workloads", file), "--json");
        Assert.Equal("", result.Error);
        Assert.Equal(ExitCode.Held, result.ExitCode);
        Assert.All(result.Document.GetProperty("hosts").EnumerateArray(), host =>
        {
            Assert.True(host.GetProperty("dmas").GetInt64() > 500);
            Assert.Equal(0, host.GetProperty("refused").GetInt64());
            Assert.Empty(host.GetProperty("problems").EnumerateArray());
        });
    }

    [Fact]
    public void Every_kind_has_an_example_of_its_name() =>
        Assert.Equal(["collective", "fio", "gpu-copy", "nvme", "random", "replay", "ring", "sequential"], Names.Select(Path.GetFileNameWithoutExtension));

    [Fact]
    public void An_fio_job_file_is_found_from_the_scenario_s_folder()
    {
        var host = ScenarioReader.ReadFile(Repository.Path("scenarios", "workloads", "fio.yaml")).Hosts[1].Specification;
        var program = Assert.IsType<FioProgram>(host.Workload.Program);
        Assert.Equal((DmaMode.Lazy, 20_000.0, 8_000.0, 64), (host.Workload.DmaMode, program.MediaRead, program.MediaWrite, program.Channels));
        Assert.Equal([(16, 1.0, 0), (16, 1.0, 0), (8, 0.7, 0), (4, 0.0, 1)], program.Jobs.Select(job => (job.Depth, job.ReadShare, job.Stage)));
    }

    [Theory]
    [InlineData("{kind: fio}", "t.yaml:2: hosts[0].workload.job: is missing: the fio job file")]
    [InlineData("{kind: fio, job: none.fio}", "none.fio: no such file")]
    [InlineData("{kind: fio, job: none.fio, ios: 5}", "none.fio: no such file")]
    [InlineData("{kind: nvme, job: none.fio}", "t.yaml:2: hosts[0].workload.job: unknown field")]
    [InlineData("{kind: tape}", "t.yaml:2: hosts[0].workload.kind: 'tape' is not one of random, sequential, ring, nvme, fio")]
    [InlineData("{kind: nvme, blockSize: 1000}", "t.yaml:2: hosts[0].workload.kind: block size 1000 is no multiple of 512")]
    public void A_wrong_workload_is_refused(string workload, string message)
    {
        using var reader = new StringReader($"hosts:\n  - {{name: a, iommu: intel, time: virtual, workload: {workload}}}");
        Assert.Contains(message, Assert.Throws<BadInputException>(() => ScenarioReader.Read("t.yaml", reader)).Message, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Lazy_mapping_is_refused_where_the_driver_lets_no_flush_wait()
    {
        using var file = new TemporaryFile(".yaml", "hosts:\n  - {name: q, iommu: qcom_iommu, time: virtual, devices: 1, workload: {kind: nvme, dma: lazy, ios: 500}}");
        var result = await CommandLine.RunAsync("run", file.Path);
        Assert.Equal(ExitCode.CheckFailed, result.ExitCode);
        Assert.Contains("does not let invalidations wait", result.Output.ReplaceLineEndings(" "), StringComparison.Ordinal);
    }
}
