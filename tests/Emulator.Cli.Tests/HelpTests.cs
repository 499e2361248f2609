namespace Emulator.Cli.Tests;

public class HelpTests
{
    [Theory]
    [InlineData("verify")]
    [InlineData("survey")]
    [InlineData("run")]
    [InlineData("replay")]
    [InlineData("explore")]
    public async Task Help_of_a_command_shows_examples_and_exit_codes(string command)
    {
        var result = await CommandLine.RunAsync(command, "--help");
        Assert.Equal(ExitCode.Held, result.ExitCode);
        Assert.Contains($"emulator {command}", result.Output, StringComparison.Ordinal);
        Assert.Contains("Examples:", result.Output, StringComparison.Ordinal);
        Assert.Contains("Exit codes:", result.Output, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Help_of_the_program_names_every_command()
    {
        var result = await CommandLine.RunAsync("--help");
        Assert.Equal(ExitCode.Held, result.ExitCode);
        foreach (var command in new EmulatorCommand().Subcommands)
            Assert.Contains(command.Name, result.Output, StringComparison.Ordinal);
    }
}
