namespace Emulator.Cli.Verify;

/// <summary>One disagreement between a vector and the models.</summary>
/// <param name="File">The vector file.</param>
/// <param name="Id">The vector.</param>
/// <param name="Step">Index of the step or operation; null when it belongs to the whole vector.</param>
/// <param name="Expected">What was recorded.</param>
/// <param name="Actual">What the models gave.</param>
public sealed record VectorFailure(string File, string Id, int? Step, string Expected, string Actual);
