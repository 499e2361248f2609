using System.CommandLine;
using Spectre.Console;

namespace Emulator.Cli.Replay;

/// <summary><c>emulator replay TRACE</c>: what Linux did to an IOMMU, recorded with ftrace, done again by our driver and silicon.</summary>
public sealed class ReplayCommand : ReportCommand
{
    private readonly Argument<string> _trace = new("TRACE") { Description = "An ftrace text file with iommu:* events (.gz too)" };

    private readonly Option<string?> _iommu = new("--iommu")
    {
        Description = "The IOMMU whose driver and silicon replay it; told by the log or the trace when not given",
        HelpName = "intel|arm-smmu-v3|amd",
    };

    private readonly Option<string?> _dma = new("--dma") { Description = "The DMA log recorded beside it: QEMU trace text of vtd_*, smmuv3_* or amdvi_* events (.gz too)", HelpName = "LOG" };

    /// <summary>Makes the command.</summary>
    public ReplayCommand()
        : base("replay", "Replays a Linux trace of iommu:* events on an emulated host, and the DMA recorded beside it")
    {
        _iommu.AcceptOnlyFromAmong("intel", "arm-smmu-v3", "amd");
        Arguments.Add(_trace);
        Options.Add(_iommu);
        Options.Add(_dma);
    }

    /// <inheritdoc/>
    public override string Explanation =>
        """
        Every attach, map and unmap of the trace goes through our driver, in order, on one emulated host with the trace's groups and devices.
        With --dma every recorded translation goes through the silicon at its moment and must land where it landed there.

        Record a trace on any machine:
          echo 1 > /sys/kernel/tracing/events/iommu/enable; cat /sys/kernel/tracing/trace_pipe > my.trace
        The tracepoints do not tell domains and protections. Kprobes on the driver's functions do and are used when there (docs/CLI.md
        lists them); what is assumed without them is said in the report.

        Examples:
          emulator replay my.trace --iommu intel
          emulator replay tests/data/traces/boot.trace.gz --dma tests/data/traces/boot.vtd.gz
          emulator replay --json nvme.trace.gz --dma nvme.smmu.gz | jq .mismatched

        Exit codes: 0 everything held, 1 a DMA landed elsewhere or without a mapping, or our driver answered otherwise, 2 bad input.
        """;

    /// <inheritdoc/>
    protected override Task<int> ExecuteAsync(ParseResult parsed, Report report, CancellationToken cancellation)
    {
        ArgumentNullException.ThrowIfNull(parsed);
        ArgumentNullException.ThrowIfNull(report);
        var options = new ReplayOptions { Trace = parsed.GetValue(_trace)!, DmaLog = parsed.GetValue(_dma), Iommu = parsed.GetValue(_iommu) };
        var result = report.WithProgress(options.Trace, say => Replayer.Run(options, say, cancellation));
        if (report.Json)
            report.WriteDocument(ReplayDocument.Of(result));
        else
            Print(report.Console, options, result);
        return Task.FromResult(result.Held ? ExitCode.Held : ExitCode.CheckFailed);
    }

    private static void Print(IAnsiConsole console, ReplayOptions options, ReplayResult result)
    {
        var events = new Table().Border(TableBorder.Simple);
        events.AddColumn("event");
        events.AddColumn(new TableColumn("count").RightAligned());
        foreach (var (name, count) in result.Events.OrderByDescending(pair => pair.Value))
            events.AddRow(Markup.Escape(name), $"{count:N0}");
        console.Write(events);
        if (options.DmaLog != null)
            console.Write(Describe(result));
        foreach (var assumption in result.Assumptions)
            console.MarkupLineInterpolated($"note: {assumption}");
        foreach (var problem in result.DriverProblems.Kept)
            console.MarkupLineInterpolated($"[red]driver[/] {problem}");
        foreach (var problem in result.DmaProblems.Kept)
            console.MarkupLineInterpolated($"[red]DMA[/] {problem}");
        var counts = result.Counts;
        var ended = result.Cancelled ? "ended early: " : "";
        var verdict = result.Held ? "everything held" : "a check failed";
        console.MarkupLineInterpolated(
            $"{ended}{verdict}: {counts.Dmas:N0} DMAs on {result.Iommu}, {counts.Mismatched:N0} mismatched, {counts.Violations:N0} violations, {result.DriverProblems.Count:N0} calls answered otherwise");
    }

    private static Table Describe(ReplayResult result)
    {
        var counts = result.Counts;
        var table = new Table().Border(TableBorder.Simple);
        table.AddColumn("DMA");
        table.AddColumn(new TableColumn("count").RightAligned());
        table.AddColumn("which means");
        Add("matched", counts.Matched, $"lands where it landed ({counts.Identity:N0} of them through an identity domain)");
        Add("stale", counts.Stale, "only a translation that was unmapped and not yet invalidated explains it");
        Add("mismatched", counts.Mismatched, "lands elsewhere");
        Add("violations", counts.Violations, "landed where its domain maps nothing");
        Add("unattributed", counts.Unattributed, "the trace does not tell enough of its device or domain");
        Add("refused", counts.Refused, $"was refused; {counts.RefusedAlike:N0} are refused here too, of {counts.RefusedUnattributed:N0} the trace does not tell enough");
        Add("bypassed", counts.Bypassed, $"passed a stream in bypass; {counts.BypassedAlike:N0} pass here too, of {counts.BypassedUnattributed:N0} the trace does not tell enough");
        return table;

        void Add(string verdict, long count, string meaning) => table.AddRow(verdict, $"{count:N0}", meaning);
    }
}
