using System.CommandLine;
using Emulator.Hardware.Translation;
using Spectre.Console;

namespace Emulator.Cli.Verify;

/// <summary><c>emulator verify FILE...</c>: recorded vectors against our page tables, drivers and silicon.</summary>
public sealed class VerifyCommand : ReportCommand
{
    private const int ShownFailures = 20;

    private readonly Argument<string[]> _files = new("FILE") { Description = "Vector files (.jsonl, .jsonl.gz)", Arity = ArgumentArity.OneOrMore };

    private readonly Option<string> _iotlb = new("--iotlb")
    {
        Description = "The translation cache that the silicon is given; 'unbounded' keeps everything until it is invalidated and shows every stale answer",
        HelpName = "default|unbounded|disabled",
        DefaultValueFactory = _ => "default",
    };

    /// <summary>Makes the command.</summary>
    public VerifyCommand()
        : base("verify", "Runs vectors recorded from real kernel code and from another emulator against these models")
    {
        _iotlb.AcceptOnlyFromAmong("default", "unbounded", "disabled");
        Arguments.Add(_files);
        Options.Add(_iotlb);
    }

    /// <inheritdoc/>
    public override string Explanation =>
        """
        A file holds one vector a line. Its kind is told by its content: page tables (table memory after every operation, probes through the
        silicon's walker), driver sequences (register writes in order), DMA cases of another emulator (outcome and landing address).

        Examples:
          emulator verify tests/data/pagetables/*.jsonl.gz
          emulator verify --iotlb unbounded tests/data/qemu/vtd.jsonl.gz
          emulator verify --json dart.jsonl.gz | jq .total

        Exit codes: 0 every vector passed or was skipped, 1 a vector failed, 2 a file is missing, damaged or holds something else.
        """;

    /// <inheritdoc/>
    protected override Task<int> ExecuteAsync(ParseResult parsed, Report report, CancellationToken cancellation)
    {
        ArgumentNullException.ThrowIfNull(parsed);
        ArgumentNullException.ThrowIfNull(report);
        var options = new VerifyOptions { Iotlb = Geometry(parsed.GetValue(_iotlb)!) };
        var files = parsed.GetValue(_files)!;
        foreach (var file in files.Where(file => !File.Exists(file)))
            throw new BadInputException($"{file}: {(Directory.Exists(file) ? "is a directory" : "no such file")}");
        var results = new List<FileResult>();
        foreach (var file in files.TakeWhile(_ => !cancellation.IsCancellationRequested))
            results.Add(report.WithProgress(file, say => VerifyFile(file, options, done => say($"{done} vectors"))));

        var document = VerifyDocument.Of(results);
        if (report.Json)
            report.WriteDocument(document);
        else
            Print(report.Console, document, results);
        return Task.FromResult(document.Total.Failed == 0 ? ExitCode.Held : ExitCode.CheckFailed);
    }

    private static IotlbGeometry Geometry(string name) => name switch
    {
        "unbounded" => IotlbGeometry.WithoutLimit,
        "disabled" => IotlbGeometry.WithoutCaching,
        _ => new IotlbGeometry(),
    };

    private static FileResult VerifyFile(string file, VerifyOptions options, Action<int> progress)
    {
        try
        {
            return VectorVerifier.Verify(file, options, progress);
        }
        catch (InvalidDataException e) when (!e.Message.StartsWith(file, StringComparison.Ordinal))
        {
            throw new BadInputException($"{file}: damaged gzip data: {e.Message}", e);
        }
    }

    private static void Print(IAnsiConsole console, VerifyDocument document, List<FileResult> results)
    {
        var table = new Table().Border(TableBorder.Simple);
        table.AddColumn("file");
        table.AddColumn("kind");
        foreach (var number in (string[])["vectors", "passed", "failed", "skipped"])
            table.AddColumn(new TableColumn(number).RightAligned());
        foreach (var result in document.Files)
        {
            table.AddRow(
                Markup.Escape(result.File), result.Kind, $"{result.Vectors}", $"{result.Passed}", result.Failed > 0 ? $"[red]{result.Failed}[/]" : "0", $"{result.Skipped}");
        }

        console.Write(table);
        foreach (var failure in document.Failures.Take(ShownFailures))
        {
            var step = failure.Step is { } index ? $", step {index}" : "";
            console.MarkupLineInterpolated($"[red]failed[/] {failure.File}: {failure.Id}{step}: expected {failure.Expected}; got {failure.Actual}");
        }

        if (document.Failures.Count > ShownFailures)
            console.MarkupLineInterpolated($"... and {document.Failures.Count - ShownFailures} more disagreements; --json lists them all");
        foreach (var reason in results.SelectMany(result => result.SkipReasons).Distinct(StringComparer.Ordinal))
            console.MarkupLineInterpolated($"skipped: {reason}");
        var total = document.Total;
        console.MarkupLineInterpolated($"{total.Passed} of {total.Vectors} vectors passed, {total.Failed} failed, {total.Skipped} skipped");
    }
}
