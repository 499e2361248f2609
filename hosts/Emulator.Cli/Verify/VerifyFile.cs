namespace Emulator.Cli.Verify;

/// <summary>Counts of one file of a verification.</summary>
/// <param name="File">The file as it was named.</param>
/// <param name="Kind">The kind of its vectors; <c>mixed</c> when there are several.</param>
/// <param name="Vectors">Vectors found.</param>
/// <param name="Passed">Vectors that agree.</param>
/// <param name="Failed">Vectors that disagree.</param>
/// <param name="Skipped">Vectors that the models have nothing to run with.</param>
public sealed record VerifyFile(string File, string Kind, int Vectors, int Passed, int Failed, int Skipped);
