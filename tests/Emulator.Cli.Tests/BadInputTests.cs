namespace Emulator.Cli.Tests;

/// <summary>Bad input gets one clear line on standard error and exit code 2, whatever the command.</summary>
public class BadInputTests
{
    [Theory]
    [InlineData("verify")]
    [InlineData("survey")]
    public async Task An_unknown_option_is_named(string command) =>
        (await CommandLine.RunAsync(command, "--no-such-option", "file")).AssertRefused($"{command} has no option '--no-such-option'");

    [Fact]
    public async Task A_missing_command_is_answered_with_the_known_ones() =>
        (await CommandLine.RunAsync()).AssertRefused("a command is missing", "verify", "survey");

    [Fact]
    public async Task An_unknown_command_is_answered_with_the_known_ones() =>
        (await CommandLine.RunAsync("surveil")).AssertRefused("there is no command 'surveil'", "survey");

    [Fact]
    public async Task An_option_before_the_command_is_refused() =>
        (await CommandLine.RunAsync("--nope", "survey")).AssertRefused("--nope");

    [Fact]
    public async Task Verify_without_a_file_is_refused() => (await CommandLine.RunAsync("verify")).AssertRefused("FILE");

    [Fact]
    public async Task Verify_names_a_missing_file() => (await CommandLine.RunAsync("verify", "no-such.jsonl")).AssertRefused("no-such.jsonl: no such file");

    [Fact]
    public async Task Verify_names_a_directory() => (await CommandLine.RunAsync("verify", Path.GetTempPath())).AssertRefused("is a directory");

    [Fact]
    public async Task Verify_refuses_an_unknown_iotlb() =>
        (await CommandLine.RunAsync("verify", "--iotlb", "huge", "x.jsonl")).AssertRefused("huge", "default", "unbounded", "disabled");

    [Fact]
    public async Task Verify_names_the_line_that_is_no_JSON()
    {
        using var file = new TemporaryFile(".jsonl", "\n{\"a\":");
        (await CommandLine.RunAsync("verify", file.Path)).AssertRefused($"{file.Path}:2: not JSON");
    }

    [Fact]
    public async Task Verify_names_the_line_of_an_unknown_kind()
    {
        using var file = new TemporaryFile(".jsonl", "{\"a\":1}");
        (await CommandLine.RunAsync("verify", file.Path)).AssertRefused($"{file.Path}:1:");
    }

    [Theory]
    [InlineData("""{"iommu":"apple-dart","steps":[]}""", "field 'variant' is missing")]
    [InlineData("""{"iommu":7,"variant":"t8103","kernel":"6.1","seed":1,"steps":[]}""", "field 'iommu' is no text")]
    public async Task Verify_names_line_and_field_of_a_vector_that_is_incomplete(string vector, string reason)
    {
        using var file = new TemporaryFile(".jsonl", vector);
        (await CommandLine.RunAsync("verify", file.Path)).AssertRefused($"{file.Path}:1:", reason);
    }

    [Fact]
    public async Task Verify_refuses_an_empty_file()
    {
        using var file = new TemporaryFile(".jsonl", "");
        (await CommandLine.RunAsync("verify", file.Path)).AssertRefused(file.Path, "no vector");
    }

    [Fact]
    public async Task Verify_names_a_file_that_is_no_gzip()
    {
        using var file = new TemporaryFile(".jsonl.gz", "not packed");
        (await CommandLine.RunAsync("verify", file.Path)).AssertRefused(file.Path, "gzip");
    }

    [Fact]
    public async Task Verify_names_a_gzip_file_that_ends_early()
    {
        var packed = TemporaryFile.Gzip(string.Concat(Enumerable.Range(0, 1000).Select(i => $"{{\"word\":{i * 7919}}}\n")));
        using var file = new TemporaryFile(".jsonl.gz", packed.AsSpan(0, packed.Length / 2));
        (await CommandLine.RunAsync("verify", file.Path)).AssertRefused(file.Path);
    }
}
