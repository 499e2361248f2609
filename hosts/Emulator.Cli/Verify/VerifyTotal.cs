namespace Emulator.Cli.Verify;

/// <summary>Counts over all files of a verification.</summary>
/// <param name="Vectors">Vectors found.</param>
/// <param name="Passed">Vectors that agree.</param>
/// <param name="Failed">Vectors that disagree.</param>
/// <param name="Skipped">Vectors that the models have nothing to run with.</param>
public sealed record VerifyTotal(int Vectors, int Passed, int Failed, int Skipped);
