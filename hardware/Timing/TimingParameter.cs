namespace Emulator.Hardware.Timing;

/// <summary>A parameter of a timing record, for people.</summary>
/// <param name="Name">Its name, as in scenario files.</param>
/// <param name="Value">Its value; null for one that is not set.</param>
/// <param name="Unit">Its unit.</param>
/// <param name="Meaning">What it is.</param>
public readonly record struct TimingParameter(string Name, double? Value, string Unit, string Meaning);
