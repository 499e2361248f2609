namespace Emulator.Simulations.Exploration;

/// <summary>A seed whose run broke an invariant.</summary>
/// <param name="Seed">The seed.</param>
/// <param name="Broken">What it broke.</param>
/// <param name="Events">Events of its timeline.</param>
/// <param name="Shrunk">The smallest run that breaks the same invariant, when this seed was chosen to be shrunk; null otherwise.</param>
public sealed record SeedFailure(ulong Seed, BrokenInvariant Broken, int Events, ExploredRun? Shrunk);
