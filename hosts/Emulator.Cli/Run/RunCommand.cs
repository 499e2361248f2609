using System.CommandLine;
using Emulator.Actors.Hosting;
using Emulator.Actors.Hosts;
using Emulator.Cli.Charts;
using Emulator.Cli.Run.Timed;
using Emulator.Telemetry;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Hosting;
using Microsoft.Extensions.Logging;
using Spectre.Console;

namespace Emulator.Cli.Run;

/// <summary><c>emulator run</c>: a DMA workload on emulated hosts whose devices change owners.</summary>
public sealed class RunCommand : ReportCommand
{
    private readonly Argument<string?> _scenario = new("scenario.yaml")
    {
        Description = "A scenario file; without one the built-in quick start runs",
        Arity = ArgumentArity.ZeroOrOne,
    };

    private readonly Option<string> _otlp = new("--otlp") { Description = "Send meters and traces to a collector that speaks OTLP", HelpName = "URL" };
    private readonly Option<string> _report = new("--report")
    {
        Description = "Write tables, charts and all values of the run as one self-contained page",
        HelpName = "FILE.html",
    };

    private readonly Option<bool> _explainTiming = new("--explain-timing") { Description = "Run nothing: print what each host's hardware takes in virtual time" };
    private readonly Option<bool> _telemetryConsole = new("--telemetry-console") { Description = "Print meters and traces to standard output" };

    /// <summary>Makes the command.</summary>
    public RunCommand()
        : base("run", "Runs a DMA workload on emulated hosts while their devices change owners, and checks where every DMA landed")
    {
        Arguments.Add(_scenario);
        foreach (var option in (Option[])[_report, _explainTiming])
            Options.Add(option);
        Options.Add(_otlp);
        Options.Add(_telemetryConsole);
    }

    /// <inheritdoc/>
    public override string Explanation =>
        """
        The quick start: four hosts (Apple DART, Intel VT-d, AMD-Vi, Arm SMMUv3), four devices each, millions of DMAs through real table formats,
        a hundred changes of owner under load. Every DMA's landing address is compared with what its device may reach at that moment.
        scenarios/quickstart.yaml is the same scenario as a file and explains every field.

        Ctrl-C ends the run with the report so far.

        Examples:
          emulator run
          emulator run my-scenario.yaml
          emulator run my-scenario.yaml --explain-timing
          emulator run my-scenario.yaml --report run.html
          emulator run --json | jq '.violations'
          emulator run --otlp http://localhost:4317

        Exit codes: 0 no DMA landed where it had no right to, 1 a violation or a failed change of owner, 2 the scenario is wrong.
        """;

    /// <inheritdoc/>
    protected override async Task<int> ExecuteAsync(ParseResult parsed, Report report, CancellationToken cancellation)
    {
        ArgumentNullException.ThrowIfNull(parsed);
        ArgumentNullException.ThrowIfNull(report);
        var telemetry = ReadTelemetry(parsed, report.Json);
        var scenario = parsed.GetValue(_scenario) is { } path ? ScenarioReader.ReadFile(path) : ScenarioReader.ReadQuickStart();
        var page = parsed.GetValue(_report);
        if (parsed.GetValue(_explainTiming))
        {
            if (page != null)
                throw new BadInputException("--explain-timing runs nothing that --report could be about");
            ExplainTiming(report, scenario);
            return ExitCode.Held;
        }

        if (page != null)
            HtmlPage.Open(page, "--report");
        using var host = Build(scenario, telemetry);
        await host.StartAsync(CancellationToken.None);
        try
        {
            var runner = new ScenarioRunner(scenario, host.Services.GetRequiredService<EmulatedHosts>());
            var result = report.ShowsProgress ? await RunWatchedAsync(runner, scenario, report.Progress, cancellation) : await runner.RunAsync(null, cancellation);
            if (page != null)
                RunHtml.Of(result).WriteTo(page, "--report");
            if (report.Json)
                report.WriteDocument(RunDocument.Of(result));
            else
                RunTables.Print(report.Console, result);
            return result.Held ? ExitCode.Held : ExitCode.CheckFailed;
        }
        finally
        {
            await host.StopAsync(CancellationToken.None);
        }
    }

    private static void ExplainTiming(Report report, Scenario scenario)
    {
        if (report.Json)
        {
            report.WriteDocument(TimingDocument.Of(scenario));
            return;
        }

        foreach (var table in TimingTables.Of(scenario))
            table.Print(report.Console);
        if (TimingTables.Without(scenario) is { } without)
            report.Console.WriteLine(without);
    }

    private static IHost Build(Scenario scenario, TelemetryOptions telemetry)
    {
        // An empty builder: no configuration files, no environment, no console lifetime - Ctrl-C is the command's affair.
        var builder = Host.CreateEmptyApplicationBuilder(new HostApplicationBuilderSettings());
        builder.Logging.ClearProviders();
        builder.Services.AddEmulator([.. scenario.Hosts.Select(entry => entry.Specification)]);
        builder.Services.AddEmulatorTelemetry(telemetry);
        return builder.Build();
    }

    private static Task<RunResult> RunWatchedAsync(ScenarioRunner runner, Scenario scenario, IAnsiConsole console, CancellationToken cancellation) =>
        console.Progress()
            .Columns(new TaskDescriptionColumn { Alignment = Justify.Left }, new ProgressBarColumn(), new PercentageColumn(), new ElapsedTimeColumn())
            .StartAsync(context =>
            {
                // How many DMAs a program sends is not known before it has run.
                var tasks = scenario.Hosts.Select(entry => entry.Specification.RunsPrograms
                    ? context.AddTask(entry.Specification.Name).IsIndeterminate()
                    : context.AddTask(entry.Specification.Name, maxValue: Math.Max(1, entry.TotalDmas))).ToList();
                return runner.RunAsync(
                    hosts =>
                    {
                        foreach (var (task, statistics) in tasks.Zip(hosts))
                        {
                            task.Description = Describe(statistics);
                            if (!task.IsIndeterminate)
                                task.Value = statistics.Dmas;
                        }
                    },
                    cancellation);
            });

    private static string Describe(HostStatistics statistics)
    {
        var time = statistics.VirtualNow is { } now ? $"{RunText.Time(VirtualFigures.Nanoseconds(now))} of virtual time, " : "";
        return $"{statistics.Host}: {time}{statistics.Dmas / 1e6:F1} M DMAs, {statistics.Reassignments} reassigned, {statistics.Violations} violations";
    }

    private TelemetryOptions ReadTelemetry(ParseResult parsed, bool json)
    {
        var console = parsed.GetValue(_telemetryConsole);
        if (console && json)
            throw new BadInputException("--telemetry-console and --json both write to standard output: use --otlp with --json");
        if (parsed.GetValue(_otlp) is not { } url)
            return new TelemetryOptions(console);
        return Uri.TryCreate(url, UriKind.Absolute, out var endpoint) && endpoint.Scheme is "http" or "https"
            ? new TelemetryOptions(console, endpoint)
            : throw new BadInputException($"--otlp: '{url}' is not a URL such as http://localhost:4317");
    }
}
