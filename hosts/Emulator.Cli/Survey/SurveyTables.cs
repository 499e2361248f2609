using Emulator.Hardware.Dma;
using Spectre.Console;

namespace Emulator.Cli.Survey;

/// <summary>The survey for people: one row per case, and the log of one case.</summary>
internal static class SurveyTables
{
    /// <summary>Prints one row per IOMMU and variant.</summary>
    public static void PrintMatrix(IAnsiConsole console, IReadOnlyList<SurveyMatrixRow> rows)
    {
        var table = new Table().Border(TableBorder.Simple);
        table.AddColumns(["IOMMU", "variant", .. SurveyMatrixRow.Headings]);
        foreach (var row in rows)
            table.AddRow([row.Room.Name, Markup.Escape(row.Variant), .. row.Cells.Select(cell => $"[{Colour(cell.Tone)}]{Markup.Escape(string.Join('\n', cell.Lines))}[/]")]);
        console.Write(table);
    }

    /// <summary>Prints one row per case.</summary>
    public static void PrintSummary(IAnsiConsole console, IEnumerable<SurveyCase> cases)
    {
        var table = new Table().Border(TableBorder.Simple);
        foreach (var word in (string[])["IOMMU", "variant", "kernel", "strategy", "guess 2022", "after detach", "fault recorded", "guess holds?"])
            table.AddColumn(new TableColumn(word).NoWrap());
        table.AddColumn("leaks on the way: after which steps, what, where");
        foreach (var survey in cases)
        {
            var after = survey.At(SurveyPhase.AfterDetach);
            table.AddRow(
                survey.Room.Name,
                Markup.Escape(survey.Variant),
                SurveyText.Of(survey.Kernel),
                SurveyText.Of(survey.Strategy),
                SurveyText.Of(survey.Room.Guess),
                after == null ? "-" : SurveyText.Pair(after.Worst(DmaAccess.Read), after.Worst(DmaAccess.Write), Short),
                after == null ? "-" : SurveyText.Pair(after.Worst(DmaAccess.Read), after.Worst(DmaAccess.Write), Fault),
                Answer(survey.Verdict),
                survey.Leaks.Count > 0 ? string.Join('\n', survey.Leaks.Select(leak => Markup.Escape(SurveyText.Of(leak)))) : survey.Points.Count > 0 ? "none" : Markup.Escape(survey.Verdict.Why));
        }

        console.Write(table);
    }

    /// <summary>Prints the log of one case: each driver step, and what the DMAs after it did.</summary>
    public static void PrintLog(IAnsiConsole console, SurveyCase survey)
    {
        console.MarkupLineInterpolated(
            $"[bold]{survey.Room.Title}[/]: variant {survey.Variant}, Linux {SurveyText.Of(survey.Kernel)}, strategy {SurveyText.Of(survey.Strategy)}");
        console.MarkupLineInterpolated($"The mail's guess: {SurveyText.Of(survey.Room.Guess)}. {survey.Verdict.ToString()}");
        if (survey.Points.Count == 0)
        {
            console.WriteLine();
            return;
        }

        var table = new Table().Border(TableBorder.Simple);
        table.AddColumn(new TableColumn("phase").NoWrap());
        table.AddColumn(new TableColumn("#").RightAligned());
        table.AddColumn("driver step");
        table.AddColumns("DMA to the warm page", "DMA to a new page");
        SurveyPhase? last = null;
        foreach (var point in survey.Points.Concat(survey.Further))
        {
            table.AddRow([
                point.Phase == last ? "" : SurveyText.Of(point.Phase),
                point.Number?.ToString() ?? "",
                Markup.Escape(SurveyText.Step(point)),
                Pair(point.Observations, cold: false),
                Pair(point.Observations, cold: true),
            ]);
            last = point.Phase;
        }

        console.Write(table);
        foreach (var leak in survey.Leaks)
            console.MarkupLineInterpolated($"leak: {SurveyText.Of(leak)}");
        console.WriteLine();
    }

    private static string Pair(IReadOnlyList<SurveyObservation> observations, bool cold)
    {
        var pair = observations.Where(observation => observation.Cold == cold).ToList();
        return pair.Count == 0 ? "" : SurveyText.Pair(pair[0], pair[1], Long);
    }

    private static string Short(SurveyObservation observation) => Coloured(observation, SurveyText.Of(observation.Outcome));

    private static string Long(SurveyObservation observation) => Coloured(observation, observation.Outcome switch
    {
        SurveyOutcome.Blocked => SurveyText.Of(observation),
        SurveyOutcome.Identity => "identity",
        _ => $"{SurveyText.Of(observation.Outcome)}, {SurveyText.Of(observation.Dma.Landing)}",
    });

    private static string Fault(SurveyObservation observation) => observation.Dma.Fault is { } fault ? SurveyText.Of(fault) : "none";

    private static string Coloured(SurveyObservation observation, string text) => $"[{Colour(SurveyMatrixRow.ToneOf(observation.Outcome))}]{Markup.Escape(text)}[/]";

    private static string Colour(SurveyTone tone) => tone switch
    {
        SurveyTone.Good => "green",
        SurveyTone.Bad => "red",
        _ => "default",
    };

    private static string Answer(SurveyVerdict verdict) => verdict.Answer switch
    {
        SurveyAnswer.Holds => "[green]holds[/]",
        SurveyAnswer.Wrong => "[red]wrong[/]",
        SurveyAnswer.Failed => "[red]failed[/]",
        _ => verdict.Name,
    };
}
