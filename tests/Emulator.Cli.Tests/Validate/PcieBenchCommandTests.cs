using System.Xml.Linq;

namespace Emulator.Cli.Tests.Validate;

public sealed class PcieBenchCommandTests
{
    // The card of the model: a read of 64 bytes takes 24 / 55 M/s = 436 ns, and with 4 KiB pages of which nearly all miss, 6 walkers give 17.4 M/s.
    private const string Small =
        MeasurementFolder.Header +
        "new,off,read,cold,67108864,64,55000000\nnew,4k,read,cold,67108864,64,17500000\n" +
        "new,off,read,cold,4096,64,55000000\nnew,4k,read,cold,4096,64,55000000\n" +
        "new,superpages,read,cold,67108864,64,55000000\n";

    [Fact]
    public async Task The_document_has_the_errors_in_total_and_of_each_system_and_direction()
    {
        using var folder = new MeasurementFolder(Small);
        var result = await CommandLine.RunAsync("validate", "pcie-bench", folder.Path, "--json");
        Assert.Equal((ExitCode.Held, ""), (result.ExitCode, result.Error));
        var document = result.Document;
        Assert.Equal("emulator.validate/1", document.GetProperty("schema").GetString());
        Assert.Equal(
            [
                "schema", "mape", "mapeLargeWindows", "mapeSuperpages", "mapeWithoutModel", "percentile95", "points", "holds", "bounds", "systems", "leftOut", "ignoredColumns",
            ],
            document.EnumerateObject().Select(member => member.Name));
        Assert.InRange(document.GetProperty("mape").GetDouble(), 0.0, 1.0);
        Assert.Equal(Math.Round(document.GetProperty("mape").GetDouble(), 2), document.GetProperty("mape").GetDouble());
        Assert.Equal(2, document.GetProperty("points").GetInt32());
        Assert.Equal([7.0, 10.0, 2.0], document.GetProperty("bounds").EnumerateArray().Select(bound => bound.GetProperty("atMost").GetDouble()));
        var system = Assert.Single(document.GetProperty("systems").EnumerateArray());
        Assert.Equal(("new", "read"), (system.GetProperty("system").GetString(), system.GetProperty("direction").GetString()));
        Assert.Equal(document.GetProperty("mape").GetDouble(), system.GetProperty("mape").GetDouble());
    }

    [Fact]
    public async Task The_same_measurements_in_any_order_give_the_same_bytes()
    {
        using var folder = new MeasurementFolder(Small);
        using var backwards = new MeasurementFolder(MeasurementFolder.Header + string.Join('\n', Small.TrimEnd('\n').Split('\n').Skip(1).Reverse()) + "\n");
        using var page = new TemporaryFile(".html", "");
        using var again = new TemporaryFile(".html", "");
        var first = await CommandLine.RunAsync("validate", "pcie-bench", folder.Path, "--json", "--html", page.Path);
        var second = await CommandLine.RunAsync("validate", "pcie-bench", backwards.Path, "--json", "--html", again.Path);
        Assert.Equal(first.Output, second.Output);
        Assert.Equal(await File.ReadAllTextAsync(page.Path), await File.ReadAllTextAsync(again.Path));
    }

    [Fact]
    public async Task The_page_has_a_chart_for_each_system_direction_and_size_and_asks_no_network()
    {
        using var folder = new MeasurementFolder(Small);
        using var page = new TemporaryFile(".html", "");
        Assert.Equal(ExitCode.Held, (await CommandLine.RunAsync("validate", "pcie-bench", folder.Path, "--html", page.Path)).ExitCode);
        var html = await File.ReadAllTextAsync(page.Path);
        Assert.Equal(2, html.Split("<svg ").Length - 1);
        Assert.Contains("64 bytes, 4 KiB pages, cache cold", html, StringComparison.Ordinal);
        Assert.Contains("64 MiB", html, StringComparison.Ordinal);
        Assert.DoesNotContain("src=", html, StringComparison.Ordinal);
        Assert.DoesNotContain("href=\"http", html, StringComparison.Ordinal);
        var elements = html.Replace("<!doctype html>", "", StringComparison.Ordinal).Replace("<meta charset=\"utf-8\">", "", StringComparison.Ordinal);
        Assert.Equal(3, XDocument.Parse(elements).Descendants("h2").Count());
    }

    [Fact]
    public async Task A_page_that_cannot_be_written_is_bad_input()
    {
        using var folder = new MeasurementFolder(Small);
        var result = await CommandLine.RunAsync("validate", "pcie-bench", folder.Path, "--html", Path.Combine(folder.Path, "none", "page.html"));
        Assert.Equal(ExitCode.BadInput, result.ExitCode);
        Assert.Contains("--html", result.Error, StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_system_that_is_not_as_the_model_says_fails()
    {
        using var folder = new MeasurementFolder(Small.Replace("17500000", "30000000", StringComparison.Ordinal));
        var result = await CommandLine.RunAsync("validate", "pcie-bench", folder.Path);
        Assert.Equal(ExitCode.CheckFailed, result.ExitCode);
        Assert.Contains("does not hold", result.Output, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Points_without_what_they_are_simulated_from_are_left_out_and_named()
    {
        using var folder = new MeasurementFolder(
            Small +
            "new,4k,read,cold,8192,64,55000000\n" +
            "bare,off,read,cold,4096,128,40000000\nbare,4k,read,cold,4096,128,40000000\n" +
            "new,off,write,cold,4096,8192,100000\nnew,4k,write,cold,4096,8192,100000\n" +
            "new,4k,write,cold,1024,4096,100000\nnew,4k,write,cold,2147483648,64,100000\n");
        var result = await CommandLine.RunAsync("validate", "pcie-bench", folder.Path, "--json");
        Assert.Equal(ExitCode.Held, result.ExitCode);
        var reasons = result.Document.GetProperty("leftOut").EnumerateArray()
            .Select(left => $"{left.GetProperty("system")} {left.GetProperty("direction")} {left.GetProperty("points")}: {left.GetProperty("reason")}").ToList();
        Assert.Equal(5, reasons.Count);
        Assert.Contains(reasons, reason => reason.StartsWith("new read 1: no measurement with the IOMMU off", StringComparison.Ordinal));
        Assert.Contains(reasons, reason => reason.StartsWith("bare read 1: no measurement of 64-byte reads", StringComparison.Ordinal));
        Assert.Contains("new write 1: a transfer of more than 4096 bytes is several requests", reasons);
        Assert.Contains("new write 1: the window is shorter than a transfer", reasons);
        Assert.Contains("new write 1: a window of more than 1073741824 bytes is not mapped", reasons);
        var text = await CommandLine.RunAsync("validate", "pcie-bench", folder.Path);
        Assert.Contains("left out: bare, read: 1 points, the first cold, window 4096, 128 bytes", text.Output, StringComparison.Ordinal);
    }

    [Fact]
    public async Task One_direction_other_windows_and_unknown_columns_will_do()
    {
        using var folder = new MeasurementFolder(
            "note,transactions_per_second,system,iommu,direction,cache,window_bytes,transfer_bytes\n" +
            "x,20000000,other,off,write,warm,5000,100\ny,20000000,other,4k,write,warm,5000,100\n");
        var result = await CommandLine.RunAsync("validate", "pcie-bench", folder.Path, "--json");
        Assert.Equal((ExitCode.Held, ""), (result.ExitCode, result.Error));
        Assert.Equal("""["note"]""", result.Document.GetProperty("ignoredColumns").GetRawText());
        Assert.Equal("null", result.Document.GetProperty("mapeLargeWindows").GetRawText());
        Assert.Contains("columns not looked at: note", (await CommandLine.RunAsync("validate", "pcie-bench", folder.Path)).Output, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("", "throughput.csv:1: the line of column names is missing")]
    [InlineData("system,iommu\n", "throughput.csv:1: direction: the column is missing")]
    [InlineData("system,system,iommu,direction,cache,window_bytes,transfer_bytes,transactions_per_second\n", "throughput.csv:1: system: the column is there twice")]
    [InlineData(MeasurementFolder.Header, "nothing to simulate: no measurement with the IOMMU on")]
    [InlineData(MeasurementFolder.Header + "a,4k,read,cold,4096,64,1\n", "nothing to simulate: left out: a, read: 1 points")]
    [InlineData(MeasurementFolder.Header + "\n", "throughput.csv:2: the line is empty")]
    [InlineData(MeasurementFolder.Header + "a,off,read,cold,4096,64\n", "throughput.csv:2: 6 fields where there are 7 columns")]
    [InlineData(MeasurementFolder.Header + ",off,read,cold,4096,64,1\n", "throughput.csv:2: system: is empty")]
    [InlineData(MeasurementFolder.Header + "a,on,read,cold,4096,64,1\n", "throughput.csv:2: iommu: 'on' is not one of off, 4k, superpages")]
    [InlineData(MeasurementFolder.Header + "a,off,both,cold,4096,64,1\n", "throughput.csv:2: direction: 'both' is not one of read, write")]
    [InlineData(MeasurementFolder.Header + "a,off,read,,4096,64,1\n", "throughput.csv:2: cache: is empty")]
    [InlineData(MeasurementFolder.Header + "a,off,read,cold,-1,64,1\n", "throughput.csv:2: window_bytes: '-1' is not a whole number")]
    [InlineData(MeasurementFolder.Header + "a,off,read,cold,4096,0,1\n", "throughput.csv:2: transfer_bytes: '0' is not a whole number")]
    [InlineData(MeasurementFolder.Header + "a,off,read,cold,4096,64,0\n", "throughput.csv:2: transactions_per_second: '0' is not a number above 0")]
    [InlineData(MeasurementFolder.Header + "a,off,read,cold,4096,64,NaN\n", "throughput.csv:2: transactions_per_second: 'NaN' is not a number above 0")]
    [InlineData(MeasurementFolder.Header + "a,off,read,cold,4096,64,1\na,off,read,cold,4096,64,2\n", "throughput.csv:3: window_bytes: the same measurement as in line 2")]
    public async Task Bad_files_are_refused_by_line_and_field(string content, string expected)
    {
        using var folder = new MeasurementFolder(content);
        var result = await CommandLine.RunAsync("validate", "pcie-bench", folder.Path);
        Assert.Equal((ExitCode.BadInput, ""), (result.ExitCode, result.Output));
        Assert.Contains(expected, result.Error, StringComparison.Ordinal);
        Assert.Equal(1, result.Error.Count(character => character == '\n'));
    }

    [Fact]
    public async Task A_missing_folder_or_file_is_bad_input()
    {
        using var folder = new MeasurementFolder("");
        File.Delete(folder.Csv);
        Assert.Contains("no such file", (await CommandLine.RunAsync("validate", "pcie-bench", folder.Path)).Error, StringComparison.Ordinal);
        Assert.Contains("no such folder", (await CommandLine.RunAsync("validate", "pcie-bench", folder.Csv)).Error, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Help_of_the_group_and_of_the_command_lead_on()
    {
        Assert.Contains("validate COMMAND --help", (await CommandLine.RunAsync("validate", "--help")).Output, StringComparison.Ordinal);
        var help = await CommandLine.RunAsync("validate", "pcie-bench", "--help");
        Assert.Contains("Examples:", help.Output, StringComparison.Ordinal);
        Assert.Contains("Exit codes:", help.Output, StringComparison.Ordinal);
        Assert.Contains("see 'emulator validate pcie-bench --help'", (await CommandLine.RunAsync("validate", "pcie-bench")).Error, StringComparison.Ordinal);
        Assert.Contains("see 'emulator validate --help'", (await CommandLine.RunAsync("validate")).Error, StringComparison.Ordinal);
    }
}
