using System.CommandLine;
using Emulator.Cli.Survey.Pages;
using Emulator.Hardware.Drivers;
using Emulator.Hardware.Iommus;
using Spectre.Console;

namespace Emulator.Cli.Survey;

/// <summary><c>emulator survey</c>: where DMA goes on every IOMMU before, during and after a detach.</summary>
public sealed class SurveyCommand : ReportCommand
{
    private readonly Option<string> _iommu = new("--iommu") { Description = "Only this IOMMU", HelpName = "NAME" };
    private readonly Option<string> _variant = new("--variant") { Description = "Only this hardware variant of it", HelpName = "NAME" };
    private readonly Option<string> _kernel = new("--kernel") { Description = "Only this kernel's driver", HelpName = "6.1|6.12" };
    private readonly Option<string> _strategy = new("--strategy")
    {
        Description = "Only this way to block: the driver's detach alone, an empty unmanaged domain, or the driver's own blocking domain",
        HelpName = "detach|empty|native",
    };

    private readonly Option<string> _explain = new("--explain")
    {
        Description = "Print the register and memory log around the answer of one IOMMU, and what its model had to choose (the detach, unless --strategy says otherwise)",
        HelpName = "NAME",
    };

    private readonly Option<string> _html = new("--html") { Description = "Write the matrix with all its evidence as one self-contained page", HelpName = "FILE" };
    private readonly Option<string> _docs = new("--docs")
    {
        Description = "Bring SURVEY.md and iommus/NAME.md in this documentation folder up to date; needs the whole survey",
        HelpName = "FOLDER",
    };

    private readonly Option<bool> _check = new("--check") { Description = "With --docs: change nothing, name the pages that are out of date, exit with 1 if there are any" };

    /// <summary>Makes the command.</summary>
    public SurveyCommand()
        : base("survey", "Shows where DMA goes on every IOMMU before attach, attached, after every driver step of a detach, and after the next attach")
    {
        _kernel.AcceptOnlyFromAmong("6.1", "6.12");
        _strategy.AcceptOnlyFromAmong("detach", "empty", "native");
        foreach (var option in (Option[])[_iommu, _variant, _kernel, _strategy, _explain, _html, _docs, _check])
            Options.Add(option);
    }

    /// <inheritdoc/>
    public override string Explanation =>
        $"""
        A device moves from domain A to domain B. Both map the same addresses, to different frames; the frames whose physical addresses equal
        these addresses belong to a third party. Read and write DMA is sent at every point and judged by where it landed, nothing else:
          translated  in the page of the domain that is attached, or of the domain being left while the tables still say so
          stale       in the old domain's page although the tables no longer say so (a cache answered), or although the detach has returned
          identity    untranslated, in the third party's memory
          blocked     nowhere
        Each time two pages are tried: one that is in use since the attach and one that no DMA touched before. The worse answer is reported.
        Table memory that the driver frees is taken at once by another domain, which maps the same addresses for a third party: a walk through a freed
        table is seen. Other lives of the device are tried as well: it sleeps and wakes after the detach, the old domain is freed, or attached again, and
        a DMA goes where nothing is mapped.
        'guess 2022' is what the mail of May 2022 expected of that driver's detach.

        IOMMUs: {string.Join(", ", IommuCatalog.Rooms.Select(room => room.Name))}

        Examples:
          emulator survey
          emulator survey --iommu intel --strategy detach
          emulator survey --explain amd --kernel 6.1
          emulator survey --html survey.html
          emulator survey --docs docs
          emulator survey --json | jq '.rows[] | select(.phase == "after-detach" and .outcome != "blocked")'

        Exit codes: 0 every case was run (whatever it shows), 1 a driver sequence failed, 2 bad input.
        """;

    /// <inheritdoc/>
    protected override Task<int> ExecuteAsync(ParseResult parsed, Report report, CancellationToken cancellation)
    {
        ArgumentNullException.ThrowIfNull(parsed);
        ArgumentNullException.ThrowIfNull(report);
        var explained = parsed.GetValue(_explain);
        var rooms = SelectRooms(explained, parsed.GetValue(_iommu), parsed.GetValue(_variant), explained != null);
        var (kernel, strategy, docs) = (parsed.GetValue(_kernel), parsed.GetValue(_strategy), parsed.GetValue(_docs));
        var narrowed = explained ?? parsed.GetValue(_iommu) ?? kernel ?? strategy;
        if (docs != null && narrowed != null)
            throw new BadInputException($"--docs needs the whole survey; '{narrowed}' narrows it");
        if (docs == null && parsed.GetValue(_check))
            throw new BadInputException("--check needs --docs");
        var kernels = SelectKernels(kernel);
        var strategies = SelectStrategies(strategy, explained != null);
        var cases = report.WithProgress("survey", say => SurveyEngine.Run(rooms, kernels, strategies, say).TakeWhile(_ => !cancellation.IsCancellationRequested).ToList());
        if (parsed.GetValue(_html) is { } html)
            SurveyHtml.Of(cases).WriteTo(html);
        // An interrupted survey still reports, but is no documentation.
        var outdated = docs == null || cancellation.IsCancellationRequested ? [] : SurveyPages.Update(docs, cases, write: !parsed.GetValue(_check));
        if (report.Json)
            report.WriteDocument(SurveyDocument.Of(cases));
        else if (docs != null && !cancellation.IsCancellationRequested)
            PrintPages(report, outdated, parsed.GetValue(_check));
        else if (explained != null)
            Explain(report, IommuCatalog.Find(explained)!, cases);
        else if (kernel == null && strategy == null)
            SurveyTables.PrintMatrix(report.Console, SurveyMatrixRow.Of(cases));
        else
            SurveyTables.PrintSummary(report.Console, cases);
        var failed = cases.Exists(survey => survey.Verdict.Answer == SurveyAnswer.Failed) || (parsed.GetValue(_check) && outdated.Count > 0);
        return Task.FromResult(failed ? ExitCode.CheckFailed : ExitCode.Held);
    }

    private static void PrintPages(Report report, IReadOnlyList<string> files, bool check)
    {
        foreach (var file in files)
            report.Console.WriteLine($"{(check ? "out of date" : "written")}: {file}");
        report.Console.WriteLine(files.Count == 0 ? "all pages are up to date" : check ? $"{files.Count} pages are out of date: run 'emulator survey --docs' on the folder" : $"{files.Count} pages written");
    }

    private static IReadOnlyList<IommuRoom> SelectRooms(string? explained, string? name, string? variant, bool firstVariant)
    {
        if (explained != null && name != null && explained != name)
            throw new BadInputException($"--explain {explained} and --iommu {name} name different IOMMUs");
        if ((explained ?? name) is not { } selected)
        {
            return variant == null ? IommuCatalog.Rooms : throw new BadInputException($"--variant {variant} needs --iommu or --explain: each IOMMU has its own variants");
        }

        var room = Find(selected);
        if (variant == null)
            return [firstVariant ? room with { Variants = [room.Variants[0]] } : room];
        if (!room.Variants.Contains(variant, StringComparer.Ordinal))
            throw new BadInputException($"--variant: {selected} has no variant '{variant}'; it has {string.Join(", ", room.Variants)}");
        return [room with { Variants = [variant] }];
    }

    private static IommuRoom Find(string name) => IommuCatalog.Find(name)
        ?? throw new BadInputException($"no IOMMU '{name}' is modelled; there are {string.Join(", ", IommuCatalog.Rooms.Select(room => room.Name))}");

    private static KernelVersion[] SelectKernels(string? name) => name switch
    {
        "6.1" => [KernelVersion.Linux61],
        "6.12" => [KernelVersion.Linux612],
        _ => [KernelVersion.Linux61, KernelVersion.Linux612],
    };

    private static SurveyStrategy[] SelectStrategies(string? name, bool explains) => name switch
    {
        "empty" => [SurveyStrategy.Empty],
        "native" => [SurveyStrategy.Native],
        null when !explains => [SurveyStrategy.Detach, SurveyStrategy.Empty, SurveyStrategy.Native],
        _ => [SurveyStrategy.Detach],
    };

    private static void Explain(Report report, IommuRoom room, List<SurveyCase> cases)
    {
        foreach (var survey in cases)
            SurveyTables.PrintLog(report.Console, survey);
        if (room.ModelChoices.Count > 0)
            report.Console.WriteLine("What no source states, and this model chose:");
        foreach (var choice in room.ModelChoices)
            report.Console.WriteLine($"- {choice}");
        if (room.Variants.Count > 1)
            report.Console.WriteLine($"Variants (--variant): {string.Join(", ", room.Variants)}");
    }
}
