namespace Emulator.Simulations.Exploration;

/// <summary>What a run is made from besides its seed: what shrinking makes smaller.</summary>
/// <param name="Devices">Devices of the host.</param>
/// <param name="Actions">What is done to it, by step; null for what the seed says.</param>
public sealed record ExploredWorkload(int Devices, IReadOnlyList<ExploredAction>? Actions = null);
