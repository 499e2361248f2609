namespace Emulator.Cli.Verify;

/// <summary>The document of <c>verify --json</c>.</summary>
/// <param name="Schema">Always <see cref="SchemaName"/>.</param>
/// <param name="Total">Sums over the files.</param>
/// <param name="Files">One entry per file.</param>
/// <param name="Failures">The disagreements, the first ones of each vector.</param>
public sealed record VerifyDocument(string Schema, VerifyTotal Total, IReadOnlyList<VerifyFile> Files, IReadOnlyList<VectorFailure> Failures)
{
    /// <summary>Name and version of this shape.</summary>
    public const string SchemaName = "emulator.verify/1";

    /// <summary>Makes the document.</summary>
    public static VerifyDocument Of(IReadOnlyCollection<FileResult> results) => new(
        SchemaName,
        new VerifyTotal(results.Sum(r => r.Vectors), results.Sum(r => r.Passed), results.Sum(r => r.Failed), results.Sum(r => r.Skipped)),
        [.. results.Select(r => new VerifyFile(r.File, r.Kind, r.Vectors, r.Passed, r.Failed, r.Skipped))],
        [.. results.SelectMany(r => r.Failures)]);
}
