using System.CommandLine;

namespace Emulator.Cli.Validate;

/// <summary><c>emulator validate pcie-bench DIR</c>: the timing model against measured throughput.</summary>
public sealed class PcieBenchCommand : ReportCommand
{
    private const string File = "throughput.csv";

    private readonly Argument<string> _directory = new("DIR") { Description = $"The folder with {File}" };
    private readonly Option<string> _html = new("--html")
    {
        Description = "Write tables and measured-against-simulated curves as one self-contained page",
        HelpName = "FILE",
    };


    /// <summary>Makes the command.</summary>
    public PcieBenchCommand()
        : base("pcie-bench", "Simulates what pcie-bench measured on real systems, and says how far off the simulation is")
    {
        Arguments.Add(_directory);
        Options.Add(_html);
    }

    /// <inheritdoc/>
    public override string Explanation =>
        $"""
        {File} has a measurement a line, under these column names in any order:
          system, iommu (off, 4k, superpages), direction (read, write), cache, window_bytes, transfer_bytes, transactions_per_second
        Each measurement with the IOMMU on is simulated: DMAs to random places of the window, through VT-d's silicon as its driver programs it, with the
        model's walkers, IOTLB, tags and slots. Of a system the simulation is told what was measured with the IOMMU off, nothing else. Where that is missing, or
        a point cannot be simulated, it is left out, and the report says so. Other columns are named and not looked at; latency.csv is not read.

        Mean absolute errors that must hold:
          systems that the parameters were fitted on (bdw-e5-2630v4, ib-e5-2620v2) and no others
                          pages of 4 KiB 5 %, of these windows of at least 512 KiB 6 %, superpages 2 %, over all points
          otherwise       pages of 4 KiB 7 % over all points, windows of at least 512 KiB 10 % for each system and direction, superpages 2 %
        Numbers of points of one kind may be none; then its bound does not apply.

        Examples:
          emulator validate pcie-bench measurements
          emulator validate pcie-bench measurements --html validation.html
          emulator validate pcie-bench measurements --json | jq .mape

        Exit codes: 0 the bounds hold, 1 they do not, 2 the folder or the file is missing, damaged, or has nothing that can be simulated.
        """;

    /// <inheritdoc/>
    protected override Task<int> ExecuteAsync(ParseResult parsed, Report report, CancellationToken cancellation)
    {
        ArgumentNullException.ThrowIfNull(parsed);
        ArgumentNullException.ThrowIfNull(report);
        var directory = parsed.GetValue(_directory)!;
        if (!Directory.Exists(directory))
            throw new BadInputException($"{directory}: no such folder");
        var file = Path.Combine(directory, File);
        var rows = PcieBenchReader.Read(file, out var ignored);
        var result = report.WithProgress("pcie-bench", say =>
        {
            var points = PcieBenchSimulation.Run(rows, out var leftOut, done => say($"{done} points"), cancellation);
            return new PcieBenchResult(points, leftOut);
        });
        if (result.Points.Count == 0)
            throw new BadInputException($"{file}: nothing to simulate: {PcieBenchTables.LeftOut(result).FirstOrDefault("no measurement with the IOMMU on")}");
        if (parsed.GetValue(_html) is { } html)
            PcieBenchHtml.Of(result).WriteTo(html);
        if (report.Json)
            report.WriteDocument(ValidateDocument.Of(result, ignored));
        else
            PcieBenchTables.Print(report.Console, result, ignored);
        return Task.FromResult(result.Holds ? ExitCode.Held : ExitCode.CheckFailed);
    }
}
