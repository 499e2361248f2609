using System.CommandLine;

namespace Emulator.Cli;

/// <summary>A command that ends with a report: tables for people, or with <c>--json</c> one document for programs.</summary>
public abstract class ReportCommand : Command
{
    private readonly Option<bool> _json = new("--json") { Description = "One JSON document on standard output and nothing else there; described in docs/CLI.md" };

    /// <summary>Makes the command.</summary>
    /// <param name="name">The word on the command line.</param>
    /// <param name="description">One sentence: what it is for.</param>
    protected ReportCommand(string name, string description)
        : base(name, description)
    {
        Options.Add(_json);
        SetAction(async (parsed, cancellation) =>
        {
            var configuration = parsed.InvocationConfiguration;
            var report = new Report(configuration.Output, configuration.Error, parsed.GetValue(_json));
            return await ExecuteAsync(parsed, report, cancellation);
        });
    }

    /// <summary>What <c>--help</c> adds to the usage: an explanation and examples.</summary>
    public abstract string Explanation { get; }

    /// <summary>Runs the command.</summary>
    /// <param name="parsed">The arguments.</param>
    /// <param name="report">Where results and progress go.</param>
    /// <param name="cancellation">Ctrl-C: end early with the report so far.</param>
    /// <returns>One of <see cref="ExitCode"/>.</returns>
    /// <exception cref="BadInputException">The input is bad.</exception>
    protected abstract Task<int> ExecuteAsync(ParseResult parsed, Report report, CancellationToken cancellation);
}
