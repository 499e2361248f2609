using Emulator.Hardware.Dma;

namespace Emulator.Cli.Validate;

/// <summary>What a validation found.</summary>
/// <param name="points">The points that were simulated.</param>
/// <param name="leftOut">Those that were not.</param>
public sealed class PcieBenchResult(IReadOnlyList<PcieBenchPoint> points, IReadOnlyList<PcieBenchLeftOut> leftOut)
{
    private static readonly string[] Development = ["bdw-e5-2630v4", "ib-e5-2620v2"];

    /// <summary>The points that were simulated.</summary>
    public IReadOnlyList<PcieBenchPoint> Points => points;

    /// <summary>The points that were not.</summary>
    public IReadOnlyList<PcieBenchLeftOut> LeftOut => leftOut;

    /// <summary>The errors of all points.</summary>
    public PcieBenchErrors Total { get; } = new(points);

    /// <summary>The errors of each system and direction, in the order of the file.</summary>
    public IReadOnlyList<(string System, DmaAccess Access, PcieBenchErrors Errors)> Systems { get; } =
        [.. points.GroupBy(point => (point.Measured.System, point.Measured.Access))
            .Select(group => (group.Key.System, group.Key.Access, new PcieBenchErrors(group)))];

    /// <summary>Whether only systems were measured on which the parameters were fitted.</summary>
    public bool IsDevelopment => points.All(point => Development.Contains(point.Measured.System, StringComparer.Ordinal));

    /// <summary>The bounds that apply: each with its figure, both in percent. A mean over no points is not bounded.</summary>
    public IReadOnlyList<PcieBenchBound> Bounds => [.. AllBounds().Where(bound => bound.Error != null)];

    /// <summary>Whether every bound holds.</summary>
    public bool Holds => Bounds.All(bound => bound.Holds);

    private IEnumerable<PcieBenchBound> AllBounds()
    {
        yield return new("4 KiB pages", Total.Mape, IsDevelopment ? 5 : 7);
        if (IsDevelopment)
            yield return new("4 KiB pages, large windows", Total.MapeLargeWindows, 6);
        foreach (var (system, access, errors) in IsDevelopment ? [] : Systems)
            yield return new($"{system}, {PcieBenchRow.NameOf(access)}, 4 KiB pages, large windows", errors.MapeLargeWindows, 10);
        yield return new("superpages", Total.MapeSuperpages, 2);
    }
}
