using System.Text.Encodings.Web;
using System.Text.Json;
using System.Text.Json.Serialization;
using Spectre.Console;

namespace Emulator.Cli;

/// <summary>Where a command's results go: tables on standard output, or one JSON document. Progress goes to standard error, and only to a terminal.</summary>
public sealed class Report
{
    /// <summary>Columns of a table when the output is not a terminal.</summary>
    public const int RedirectedWidth = 200;

    private static readonly JsonSerializerOptions Format = new(JsonSerializerDefaults.Web)
    {
        Encoder = JavaScriptEncoder.UnsafeRelaxedJsonEscaping,
        DefaultIgnoreCondition = JsonIgnoreCondition.Never,
    };

    private readonly TextWriter _output;

    /// <summary>Makes a report.</summary>
    /// <param name="output">Standard output.</param>
    /// <param name="error">Standard error.</param>
    /// <param name="json">Whether the results are wanted as one JSON document.</param>
    public Report(TextWriter output, TextWriter error, bool json)
    {
        _output = output;
        Json = json;
        Console = OpenConsole(output, AnsiSupport.Detect, System.Console.IsOutputRedirected || output != System.Console.Out);
        ShowsProgress = !json && !System.Console.IsOutputRedirected && !System.Console.IsErrorRedirected && error == System.Console.Error;
        Progress = OpenConsole(error, ShowsProgress ? AnsiSupport.Detect : AnsiSupport.No, !ShowsProgress);
    }

    /// <summary>Whether the results are wanted as one JSON document.</summary>
    public bool Json { get; }

    /// <summary>Whether somebody looks at a terminal and wants to see progress.</summary>
    public bool ShowsProgress { get; }

    /// <summary>Standard output for tables and text. Not to be used with <see cref="Json"/>.</summary>
    public IAnsiConsole Console { get; }

    /// <summary>Standard error, for live progress. Not to be used unless <see cref="ShowsProgress"/>.</summary>
    public IAnsiConsole Progress { get; }

    /// <summary>Writes the one JSON document: property names in camel case, absent values as null.</summary>
    public void WriteDocument<T>(T document) => _output.WriteLine(JsonSerializer.Serialize(document, Format));

    /// <summary>Does work that takes a while and reports how far it is; shown to a terminal only.</summary>
    /// <param name="title">What is being done.</param>
    /// <param name="work">The work; it is given an action to say where it is.</param>
    public T WithProgress<T>(string title, Func<Action<string>, T> work)
    {
        ArgumentNullException.ThrowIfNull(work);
        if (!ShowsProgress)
            return work(_ => { });
        var shown = 0L;
        return Progress.Status().Start(Markup.Escape(title), context => work(text =>
        {
            // Ten times a second is as often as anybody can read.
            if (Environment.TickCount64 - shown < 100)
                return;
            shown = Environment.TickCount64;
            context.Status(Markup.Escape($"{title}: {text}"));
        }));
    }

    private static IAnsiConsole OpenConsole(TextWriter writer, AnsiSupport ansi, bool redirected)
    {
        var console = AnsiConsole.Create(new AnsiConsoleSettings
        {
            Out = new AnsiConsoleOutput(writer),
            Ansi = redirected ? AnsiSupport.No : ansi,
            Interactive = redirected ? InteractionSupport.No : InteractionSupport.Detect,
        });
        if (redirected)
            console.Profile.Width = RedirectedWidth;
        return console;
    }
}
