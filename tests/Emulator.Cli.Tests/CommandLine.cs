namespace Emulator.Cli.Tests;

/// <summary>Runs the program as a shell would, with its streams caught.</summary>
internal static class CommandLine
{
    public static async Task<CommandLineResult> RunAsync(params string[] args)
    {
        using var output = new StringWriter();
        using var error = new StringWriter();
        var code = await EmulatorCommand.InvokeAsync(args, output, error);
        return new CommandLineResult(code, output.ToString(), error.ToString());
    }
}
