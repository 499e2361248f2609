namespace Emulator.Cli.Verify;

/// <summary>The result of one vector file.</summary>
/// <param name="File">The file as it was named.</param>
/// <param name="Kind">The kind of its vectors; <c>mixed</c> when there are several.</param>
/// <param name="Vectors">Vectors in the file.</param>
/// <param name="Passed">Vectors that agree.</param>
/// <param name="Failed">Vectors that disagree.</param>
/// <param name="Skipped">Vectors that the models have nothing to run with.</param>
/// <param name="Failures">The disagreements, the first ones of each vector.</param>
/// <param name="SkipReasons">Why vectors were skipped, each reason once.</param>
public sealed record FileResult(
    string File, string Kind, int Vectors, int Passed, int Failed, int Skipped, IReadOnlyList<VectorFailure> Failures, IReadOnlyList<string> SkipReasons);
