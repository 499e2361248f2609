namespace Emulator.Cli.Run.Timed;

/// <summary>A parameter of what a host's hardware takes in virtual time.</summary>
/// <param name="Part">Where it is in a scenario's <c>timing</c>: <c>iommu</c> or <c>device</c>.</param>
/// <param name="Name">Its name there.</param>
/// <param name="Value">Its value; null for one that is not set.</param>
/// <param name="Unit">Its unit.</param>
/// <param name="Meaning">What it is.</param>
/// <param name="Source"><c>default</c>, or <c>scenario</c> where the scenario says something else than the default.</param>
/// <param name="Default">The default.</param>
public sealed record HostTimingParameter(string Part, string Name, double? Value, string Unit, string Meaning, string Source, double? Default);
