namespace Emulator.Simulations.Exploration;

/// <summary>What a run must never show, and one did.</summary>
/// <param name="Invariant">Its name, such as <c>isolation/identity</c> or <c>drain</c>.</param>
/// <param name="Detail">What happened, in one line.</param>
public sealed record BrokenInvariant(string Invariant, string Detail);
