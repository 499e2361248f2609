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
}
