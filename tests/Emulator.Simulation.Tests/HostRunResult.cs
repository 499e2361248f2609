using Emulator.Actors.Hosts;

namespace Emulator.Simulations.Tests;

/// <summary>How a <see cref="HostRun"/> went.</summary>
internal sealed record HostRunResult(RunRecord Record, HostStatistics Statistics, IReadOnlyList<object> Answers);
