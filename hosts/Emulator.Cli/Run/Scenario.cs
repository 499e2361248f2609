namespace Emulator.Cli.Run;

/// <summary>A run: hosts, what their devices do, and how often devices change owners.</summary>
/// <param name="Name">Its name, for the report.</param>
/// <param name="Hosts">The hosts.</param>
public sealed record Scenario(string Name, IReadOnlyList<ScenarioHost> Hosts);
