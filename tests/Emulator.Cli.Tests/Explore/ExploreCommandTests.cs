namespace Emulator.Cli.Tests.Explore;

public sealed class ExploreCommandTests
{
    private const string Legacy = """
        name: legacy
        host:
          name: host
          iommu: exynos
          strategy: detach
          devices: 1
        """;

    private const string Sound = """
        name: sound
        host:
          name: host
          iommu: intel
          kernel: 6.12
          strategy: native
          pacing: whole
        faults:
          - name: tolerable
            rate: 0.01
        """;

    [Fact]
    public async Task A_window_is_found_shrunk_and_told_with_the_command_that_shows_it_again()
    {
        using var file = new TemporaryFile(".yaml", Legacy);
        var result = await CommandLine.RunAsync("explore", file.Path, "--seeds", "10", "--json");
        Assert.Equal(ExitCode.CheckFailed, result.ExitCode);
        var document = result.Document;
        Assert.Equal(("emulator.explore/1", "legacy", 10), (document.GetProperty("schema").GetString(), document.GetProperty("experiment").GetString(), document.GetProperty("seeds").GetInt32()));
        var failure = document.GetProperty("failures")[0];
        Assert.Equal("isolation/identity", failure.GetProperty("invariant").GetString());
        Assert.InRange(failure.GetProperty("shrunkTo").GetInt32(), 2, 10);
        Assert.Equal(failure.GetProperty("shrunkTo").GetInt32(), failure.GetProperty("timeline").GetArrayLength());
        Assert.Equal($"emulator explore {file.Path} --seed {failure.GetProperty("seed").GetUInt64()}", failure.GetProperty("replay").GetString());
    }

    [Fact]
    public async Task One_seed_is_told_as_a_numbered_timeline()
    {
        using var file = new TemporaryFile(".yaml", Legacy);
        var result = await CommandLine.RunAsync("explore", file.Path, "--seed", "3");
        Assert.Equal(ExitCode.CheckFailed, result.ExitCode);
        Assert.Contains("  1. step", result.Output, StringComparison.Ordinal);
        Assert.Contains("a change of group 0 to tenant", result.Output, StringComparison.Ordinal);
        Assert.Contains("of a bystander", result.Output, StringComparison.Ordinal);
        Assert.Contains($"replay: emulator explore {file.Path} --seed 3", result.Output, StringComparison.Ordinal);
    }

    [Fact]
    public async Task The_result_of_a_sound_host_is_the_same_with_one_worker_and_with_three()
    {
        using var file = new TemporaryFile(".yaml", Sound);
        var one = await CommandLine.RunAsync("explore", file.Path, "--seeds", "40", "--workers", "1", "--json");
        var three = await CommandLine.RunAsync("explore", file.Path, "--seeds", "40", "--workers", "3", "--json");
        Assert.Equal(ExitCode.Held, one.ExitCode);
        Assert.Equal(one.Output, three.Output);
        Assert.Equal((40, 0), (one.Document.GetProperty("interleavings").GetInt32(), one.Document.GetProperty("failures").GetArrayLength()));
        Assert.True(one.Document.GetProperty("faultsInjected").GetProperty("hot-unplug").GetInt64() > 0);
    }

    [Theory]
    [InlineData("hots:\n", ":1: hots: unknown field")]
    [InlineData("name: x\n", "host", "is missing")]
    [InlineData("host:\n  name: h\n  iommu: sparc\n", ":3: host.iommu: no IOMMU 'sparc'")]
    [InlineData("host:\n  name: h\n  iommu: intel\n  colour: red\n", ":4: host.colour: unknown field")]
    [InlineData("host:\n  name: h\n  iommu: intel\nsteps: 0\n", ":4: steps: 0 is outside")]
    [InlineData("host:\n  name: h\n  iommu: intel\nchanges: 2\n", ":4: changes: '2' is not a number from 0 to 1")]
    [InlineData("host:\n  name: h\n  iommu: intel\nfaults:\n  - name: gremlins\n    rate: 0.1\n", ":5: faults[0].name: there is no fault 'gremlins'", "tolerable", "message-lost")]
    [InlineData("host:\n  name: h\n  iommu: intel\nfaults:\n  - name: all\n", "faults[0].rate: is missing")]
    [InlineData("host:\n  name: h\n  iommu: intel\nfaults:\n  - name: all\n    rate: 0.1\n    longest: soon\n", ":7: faults[0].longest: 'soon' is not a duration")]
    [InlineData("host:\n  name: h\n  iommu: intel\nfaults:\n  - name: message-lost\n    at: 5\n", ":6: faults[0].at: message-lost strikes messages by chance")]
    [InlineData("host:\n  name: h\n  iommu: intel\nfaults:\n  - name: attach-fails\n    at: 5\n    errno: ENOFUN\n", ":7: faults[0].errno: 'ENOFUN' is not one of EPERM")]
    [InlineData("host: [", "not YAML")]
    public async Task A_wrong_experiment_is_refused_with_file_line_and_field(string text, params string[] words)
    {
        using var file = new TemporaryFile(".yaml", text.Replace("\\n", "\n", StringComparison.Ordinal));
        (await CommandLine.RunAsync("explore", file.Path)).AssertRefused([file.Path, .. words]);
    }

    [Fact]
    public async Task A_fault_with_a_step_strikes_in_every_run()
    {
        using var file = new TemporaryFile(".yaml", "host:\n  name: h\n  iommu: intel\n  pacing: whole\nfaults:\n  - name: walker-stall\n    at: 7\n    duration: 5us\n");
        var document = (await CommandLine.RunAsync("explore", file.Path, "--seeds", "5", "--json")).Document;
        Assert.Equal(5, document.GetProperty("faultsInjected").GetProperty("walker-stall").GetInt32());
    }

    [Theory]
    [InlineData("--seeds", "0")]
    [InlineData("--workers", "0")]
    [InlineData("--workers", "1000")]
    public async Task A_number_outside_its_limits_is_refused(string option, string value)
    {
        using var file = new TemporaryFile(".yaml", Legacy);
        (await CommandLine.RunAsync("explore", file.Path, option, value)).AssertRefused(option, "is outside 1 to");
    }

    [Fact]
    public async Task A_missing_file_is_named() => (await CommandLine.RunAsync("explore", "no-such.yaml")).AssertRefused("no-such.yaml: no such file");

    [Fact]
    public async Task A_host_that_the_hardware_cannot_be_is_refused()
    {
        using var file = new TemporaryFile(".yaml", "host:\n  name: h\n  iommu: tegra-smmu\n  variant: tegra30\n  strategy: empty\n  devices: 4\n");
        (await CommandLine.RunAsync("explore", file.Path, "--seeds", "1")).AssertRefused(file.Path, "-ENOSPC");
    }
}
