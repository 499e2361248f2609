namespace Emulator.Simulations.Shrinking;

/// <summary>The smallest failing run that was found.</summary>
/// <typeparam name="TWorkload">What the caller makes a run from.</typeparam>
/// <param name="Workload">The workload.</param>
/// <param name="Record">The run; its <see cref="RunRecord.Replay"/> makes it happen again.</param>
/// <param name="Runs">Runs that it took.</param>
public sealed record Shrunk<TWorkload>(TWorkload Workload, RunRecord Record, int Runs);
