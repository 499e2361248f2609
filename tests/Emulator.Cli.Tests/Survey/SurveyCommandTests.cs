using Emulator.Cli.Survey;
using Emulator.Cli.Survey.Pages;
using Emulator.Hardware.Drivers;
using Emulator.Hardware.Iommus;

namespace Emulator.Cli.Tests.Survey;

/// <summary>The survey as a user sees it.</summary>
public class SurveyCommandTests
{
    private static readonly string[] Members =
        ["iommu", "variant", "kernel", "strategy", "guess2022", "phase", "step", "direction", "outcome", "landedAt", "fault", "verdict"];

    private static readonly string[] Phases = ["before-attach", "attached", "during-detach", "after-detach", "after-next-attach"];

    [Fact]
    public async Task The_document_answers_for_every_IOMMU_kernel_and_strategy()
    {
        var result = await CommandLine.RunAsync("survey", "--json");
        Assert.Equal(ExitCode.Held, result.ExitCode);
        Assert.Equal("", result.Error);
        Assert.Equal("emulator.survey/1", result.Document.GetProperty("schema").GetString());
        var rows = result.Document.GetProperty("rows").EnumerateArray().ToList();
        Assert.All(rows, row => Assert.Equal(Members, row.EnumerateObject().Select(member => member.Name)));
        Assert.All(rows, row => Assert.Contains(row.GetProperty("phase").GetString(), Phases));
        var notRun = result.Document.GetProperty("notRun").EnumerateArray().ToList();
        Assert.All(notRun, entry => Assert.StartsWith("not offered", entry.GetProperty("reason").GetString(), StringComparison.Ordinal));
        var cases = rows.Concat(notRun).Select(row => (row.GetProperty("iommu").GetString(), row.GetProperty("kernel").GetString(), row.GetProperty("strategy").GetString())).Distinct().ToList();
        foreach (var iommu in (string[])["apple-dart", "intel", "amd", "arm-smmu-v3"])
        {
            foreach (var kernel in (string[])["6.1", "6.12"])
            {
                foreach (var strategy in (string[])["detach", "empty", "native"])
                    Assert.Contains((iommu, kernel, strategy), cases);
            }
        }
    }

    [Fact]
    public async Task Options_narrow_the_document()
    {
        var rows = (await CommandLine.RunAsync("survey", "--iommu", "amd", "--variant", "sysmgt", "--kernel", "6.1", "--strategy", "detach", "--json")).Document.GetProperty("rows");
        var write = rows.EnumerateArray().Single(row => row.GetProperty("phase").GetString() == "after-detach" && row.GetProperty("direction").GetString() == "write");
        Assert.Equal("identity", write.GetProperty("outcome").GetString());
        Assert.All(rows.EnumerateArray(), row => Assert.Equal("sysmgt", row.GetProperty("variant").GetString()));
    }

    [Fact]
    public async Task The_table_shows_guess_observation_and_leak()
    {
        var result = await CommandLine.RunAsync("survey", "--iommu", "intel", "--variant", "legacy", "--kernel", "6.1", "--strategy", "detach");
        Assert.Equal(ExitCode.Held, result.ExitCode);
        foreach (var word in (string[])["intel", "blocking", "0x2 StreamUnknown", "holds", "cached pages"])
            Assert.Contains(word, result.Output, StringComparison.Ordinal);
    }

    [Fact]
    public async Task The_matrix_has_a_row_for_each_variant()
    {
        var result = await CommandLine.RunAsync("survey", "--iommu", "amd");
        Assert.Equal(ExitCode.Held, result.ExitCode);
        foreach (var word in (string[])["v1", "v2", "snp", "sysmgt", "undecided", "identity"])
            Assert.Contains(word, result.Output.ReplaceLineEndings(" "), StringComparison.Ordinal);
    }

    [Fact]
    public async Task The_page_is_self_contained_and_every_cell_unfolds_its_evidence()
    {
        var file = Path.Combine(Path.GetTempPath(), Path.GetRandomFileName());
        try
        {
            Assert.Equal(ExitCode.Held, (await CommandLine.RunAsync("survey", "--iommu", "amd", "--html", file)).ExitCode);
            var page = await File.ReadAllTextAsync(file);
            Assert.DoesNotContain("http", page, StringComparison.Ordinal);
            Assert.DoesNotContain("src=", page, StringComparison.Ordinal);
            Assert.Contains("@media print", page, StringComparison.Ordinal);
            Assert.Contains("identity 0x40000040 -&gt; 0x40000040 (third party)", page, StringComparison.Ordinal);
            Assert.Contains("store DTE", page, StringComparison.Ordinal);
            Assert.Equal(page.Split("<details>").Length, page.Split("</details>").Length);
        }
        finally
        {
            File.Delete(file);
        }
    }

    [Fact]
    public async Task The_pages_in_docs_are_up_to_date()
    {
        var docs = Repository.Path("docs");
        var result = await CommandLine.RunAsync("survey", "--docs", docs, "--check");
        Assert.Equal("all pages are up to date", result.Output.Trim());
        Assert.Equal(ExitCode.Held, result.ExitCode);
        foreach (var room in IommuCatalog.Rooms)
            Assert.Contains("## The story of its detach", await File.ReadAllTextAsync(Path.Combine(docs, "iommus", $"{room.Name}.md")), StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_page_that_is_out_of_date_is_named_and_left_alone_or_written_and_what_stands_around_is_kept()
    {
        var docs = Directory.CreateTempSubdirectory().FullName;
        try
        {
            var page = Path.Combine(docs, "SURVEY.md");
            await File.WriteAllTextAsync(page, "before\n<!-- survey -->\nold\n<!-- /survey -->\nafter\n");
            var cases = SurveyEngine.Run([IommuCatalog.Find("amd")!], [KernelVersion.Linux612], [SurveyStrategy.Native]).ToList();
            Assert.Contains(page, SurveyPages.Update(docs, cases, write: false));
            Assert.Contains("old", await File.ReadAllTextAsync(page), StringComparison.Ordinal);
            Assert.Equal([page, Path.Combine(docs, "iommus", "amd.md")], SurveyPages.Update(docs, cases, write: true));
            Assert.Empty(SurveyPages.Update(docs, cases, write: false));
            var written = await File.ReadAllTextAsync(page);
            Assert.StartsWith("before\n", written, StringComparison.Ordinal);
            Assert.EndsWith("after\n", written, StringComparison.Ordinal);
            Assert.DoesNotContain("old\n", written, StringComparison.Ordinal);
        }
        finally
        {
            Directory.Delete(docs, recursive: true);
        }
    }

    [Fact]
    public async Task The_log_numbers_each_step_and_lists_what_the_model_chose()
    {
        var result = await CommandLine.RunAsync("survey", "--explain", "amd", "--kernel", "6.1");
        foreach (var word in (string[])["during-detach", "store DTE", "stale, domain A", "What no source states"])
            Assert.Contains(word, result.Output, StringComparison.Ordinal);
    }
}
