using System.CommandLine;
using System.CommandLine.Help;
using System.CommandLine.Invocation;
using System.CommandLine.Parsing;
using Emulator.Cli.Explore;
using Emulator.Cli.Replay;
using Emulator.Cli.Run;
using Emulator.Cli.Survey;
using Emulator.Cli.Validate;
using Emulator.Cli.Verify;

namespace Emulator.Cli;

/// <summary>The program's root command. A new command is a folder and a line here.</summary>
public sealed class EmulatorCommand : RootCommand
{
    /// <summary>Makes the command tree.</summary>
    public EmulatorCommand()
        : base("A platform emulator for people who must know where a device's DMA really goes.")
    {
        Subcommands.Add(new RunCommand());
        Subcommands.Add(new SurveyCommand());
        Subcommands.Add(new VerifyCommand());
        Subcommands.Add(new ReplayCommand());
        Subcommands.Add(new ValidateCommand());
        Subcommands.Add(new ExploreCommand());
        foreach (var help in Options.OfType<HelpOption>())
            help.Action = new TeachingHelpAction((HelpAction)help.Action!);
    }

    /// <summary>Parses the arguments and runs the command they name.</summary>
    /// <param name="args">The arguments, without the program's name.</param>
    /// <param name="output">Standard output: results only.</param>
    /// <param name="error">Standard error: progress, and one line on bad input.</param>
    /// <param name="cancellation">Ends a command early, as Ctrl-C does.</param>
    /// <returns>One of <see cref="ExitCode"/>.</returns>
    public static async Task<int> InvokeAsync(IReadOnlyList<string> args, TextWriter output, TextWriter error, CancellationToken cancellation = default)
    {
        ArgumentNullException.ThrowIfNull(error);
        var parsed = new EmulatorCommand().Parse(args);
        if (FindMistake(parsed) is { } mistake)
        {
            await error.WriteLineAsync($"emulator: {OneLine(mistake)}; see 'emulator {Words(parsed.CommandResult)}--help'");
            return ExitCode.BadInput;
        }

        try
        {
            // The commands answer Ctrl-C themselves: their report takes longer than the parser's own limit of two seconds may allow.
            var configuration = new InvocationConfiguration
            {
                Output = output,
                Error = error,
                EnableDefaultExceptionHandler = false,
                ProcessTerminationTimeout = TimeSpan.FromSeconds(20),
            };
            return await parsed.InvokeAsync(configuration, cancellation);
        }
        catch (Exception e) when (e is BadInputException or InvalidDataException or IOException or UnauthorizedAccessException)
        {
            await error.WriteLineAsync($"emulator: {OneLine(e.Message)}");
            return ExitCode.BadInput;
        }
    }

    private static string? FindMistake(ParseResult parsed)
    {
        if (parsed.Action is TeachingHelpAction)
            return null;
        var names = string.Join(", ", parsed.RootCommandResult.Command.Subcommands.Select(command => command.Name));
        if (parsed.CommandResult.Command is RootCommand && parsed.UnmatchedTokens is [['-', ..] option, ..])
            return $"there is no option '{option}' before a command";
        if (parsed.CommandResult.Command is RootCommand && parsed.UnmatchedTokens.Count > 0)
            return $"there is no command '{parsed.UnmatchedTokens[0]}'; there are {names}";
        if (parsed.CommandResult.Command is RootCommand && parsed.Action is ParseErrorAction)
            return $"a command is missing; there are {names}";

        // The parser takes an option that it does not know for a file name.
        var known = parsed.Tokens.TakeWhile(token => token.Type != TokenType.DoubleDash);
        if (known.FirstOrDefault(token => token.Type == TokenType.Argument && token.Value is ['-', _, ..]) is { } unknown)
            return $"{parsed.CommandResult.Command.Name} has no option '{unknown.Value}'";
        return parsed.Action is ParseErrorAction ? parsed.Errors[0].Message.TrimEnd('.') : null;
    }

    // The words on the command line that lead to the command, each with a space after it.
    private static string Words(CommandResult result) => result.Parent is CommandResult parent ? $"{Words(parent)}{result.Command.Name} " : "";

    private static string OneLine(string message) => string.Join(' ', message.Split((char[])['\r', '\n', '\t', ' '], StringSplitOptions.RemoveEmptyEntries));
}
