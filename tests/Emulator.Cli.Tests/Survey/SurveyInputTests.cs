namespace Emulator.Cli.Tests.Survey;

/// <summary>Bad input to <c>survey</c>.</summary>
public class SurveyInputTests
{
    [Theory]
    [InlineData("--iommu")]
    [InlineData("--explain")]
    public async Task Survey_lists_the_known_IOMMUs(string option) =>
        (await CommandLine.RunAsync("survey", option, "vax")).AssertRefused("'vax'", "apple-dart", "intel", "amd", "arm-smmu-v3");

    [Fact]
    public async Task Survey_refuses_an_unknown_kernel() => (await CommandLine.RunAsync("survey", "--kernel", "5.4")).AssertRefused("5.4", "6.1", "6.12");

    [Fact]
    public async Task Survey_refuses_an_unknown_strategy() => (await CommandLine.RunAsync("survey", "--strategy", "hope")).AssertRefused("hope", "detach", "empty", "native");

    [Fact]
    public async Task Survey_lists_the_variants() =>
        (await CommandLine.RunAsync("survey", "--iommu", "intel", "--variant", "quantum")).AssertRefused("quantum", "legacy");

    [Fact]
    public async Task Survey_refuses_a_variant_without_an_IOMMU() => (await CommandLine.RunAsync("survey", "--variant", "legacy")).AssertRefused("--iommu");

    [Fact]
    public async Task Survey_refuses_two_IOMMUs() => (await CommandLine.RunAsync("survey", "--iommu", "intel", "--explain", "amd")).AssertRefused("intel", "amd");

    [Fact]
    public async Task Survey_needs_a_whole_survey_for_the_pages() =>
        (await CommandLine.RunAsync("survey", "--docs", "docs", "--iommu", "amd")).AssertRefused("--docs", "amd");

    [Fact]
    public async Task Survey_refuses_a_folder_that_is_not_there() => (await CommandLine.RunAsync("survey", "--docs", "/no/such/folder")).AssertRefused("/no/such/folder");

    [Fact]
    public async Task Survey_checks_pages_only() => (await CommandLine.RunAsync("survey", "--check")).AssertRefused("--docs");

    [Fact]
    public async Task Survey_says_when_the_page_cannot_be_written() =>
        (await CommandLine.RunAsync("survey", "--iommu", "apple-dart", "--html", "/no/such/folder/x.html")).AssertRefused("--html", "/no/such/folder/x.html");
}
