namespace Emulator.Cli.Tests.Run;

/// <summary>Bad input to <c>run</c>.</summary>
public class RunInputTests
{
    [Fact]
    public async Task Run_names_an_unknown_option() => (await CommandLine.RunAsync("run", "--no-such-option")).AssertRefused("run has no option '--no-such-option'");

    [Fact]
    public async Task Run_names_a_missing_file() => (await CommandLine.RunAsync("run", "no-such.yaml")).AssertRefused("no-such.yaml: no such file");

    [Fact]
    public async Task Run_refuses_a_collector_that_is_no_URL() => (await CommandLine.RunAsync("run", "--otlp", "collector")).AssertRefused("--otlp", "collector");

    [Fact]
    public async Task Run_keeps_telemetry_out_of_the_document() =>
        (await CommandLine.RunAsync("run", "--json", "--telemetry-console")).AssertRefused("--telemetry-console", "--json");
}
