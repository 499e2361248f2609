namespace Emulator.Simulations.Exploration;

/// <summary>One event of a run as people read it: somebody asked for a change, a group changed its state, a driver's sequence went some steps further, a fault struck, a DMA landed.</summary>
/// <param name="Step">The step of the run, from 1 when the host stands.</param>
/// <param name="Text">What happened.</param>
/// <param name="Details">What it consists of: each step of a driver's sequence.</param>
public sealed record TimelineEvent(int Step, string Text, IReadOnlyList<string> Details);
