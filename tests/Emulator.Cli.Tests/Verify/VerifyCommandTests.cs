using System.IO.Compression;

namespace Emulator.Cli.Tests.Verify;

/// <summary>Verify as a user sees it.</summary>
public class VerifyCommandTests
{
    // A driver's life of an IOMMU that no room has, and so one to skip.
    private const string Unmodelled = """{"iommu":"vax","variant":"780","kernel":"6.1","seed":7,"steps":[]}""";

    [Fact]
    public async Task The_document_counts_by_file_and_in_total()
    {
        using var plain = new TemporaryFile(".jsonl", Unmodelled + "\n\n" + Unmodelled + "\n");
        using var packed = new TemporaryFile(".jsonl.gz", TemporaryFile.Gzip(Unmodelled));
        var result = await CommandLine.RunAsync("verify", plain.Path, packed.Path, "--json");
        Assert.Equal(ExitCode.Held, result.ExitCode);
        var document = result.Document;
        Assert.Equal(["schema", "total", "files", "failures"], document.EnumerateObject().Select(member => member.Name));
        Assert.Equal("emulator.verify/1", document.GetProperty("schema").GetString());
        Assert.Equal("""{"vectors":3,"passed":0,"failed":0,"skipped":3}""", document.GetProperty("total").GetRawText());
        var file = document.GetProperty("files")[0];
        Assert.Equal(["file", "kind", "vectors", "passed", "failed", "skipped"], file.EnumerateObject().Select(member => member.Name));
        Assert.Equal((plain.Path, 2), (file.GetProperty("file").GetString(), file.GetProperty("vectors").GetInt32()));
        Assert.Equal(0, document.GetProperty("failures").GetArrayLength());
    }

    [Fact]
    public async Task A_vector_that_disagrees_is_shown_and_ends_with_exit_code_1()
    {
        string recorded;
        using (var packed = File.OpenRead(Path.Combine(VectorTests.Data, "drivers", "apple-dart.jsonl.gz")))
        using (var reader = new StreamReader(new GZipStream(packed, CompressionMode.Decompress)))
            recorded = (await reader.ReadLineAsync())!;

        // The driver clears TCR[0] at probe; a record that says otherwise is not what ours does.
        using var file = new TemporaryFile(".jsonl", recorded.Replace("""["w","0x100","0x0"]""", """["w","0x100","0x1"]""", StringComparison.Ordinal));
        var result = await CommandLine.RunAsync("verify", file.Path, "--json");
        Assert.Equal(ExitCode.CheckFailed, result.ExitCode);
        var failure = result.Document.GetProperty("failures")[0];
        Assert.Equal(["file", "id", "step", "expected", "actual"], failure.EnumerateObject().Select(member => member.Name));
        Assert.Equal(file.Path, failure.GetProperty("file").GetString());
    }
}
