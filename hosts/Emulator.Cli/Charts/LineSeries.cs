namespace Emulator.Cli.Charts;

/// <summary>A line of a chart.</summary>
/// <param name="Name">Its name in the legend.</param>
/// <param name="Points">Its points, by ascending x.</param>
public sealed record LineSeries(string Name, IReadOnlyList<(double X, double Y)> Points);
