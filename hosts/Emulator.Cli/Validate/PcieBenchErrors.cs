namespace Emulator.Cli.Validate;

/// <summary>The errors of some points, in percent. A mean over no points is null.</summary>
/// <param name="points">The points.</param>
public sealed class PcieBenchErrors(IEnumerable<PcieBenchPoint> points)
{
    private readonly PcieBenchPoint[] _pages = [.. points.Where(point => point.Measured.Paging == PcieBenchPaging.Pages4K)];
    private readonly PcieBenchPoint[] _superpages = [.. points.Where(point => point.Measured.Paging == PcieBenchPaging.Superpages)];

    /// <summary>Mean absolute error with pages of 4 KiB.</summary>
    public double? Mape => Mean(_pages);

    /// <summary>The same over large windows.</summary>
    public double? MapeLargeWindows => Mean(_pages.Where(point => point.IsLarge));

    /// <summary>Mean signed error over large windows with pages of 4 KiB.</summary>
    public double? BiasLargeWindows => Rounded(_pages.Where(point => point.IsLarge).Select(point => (double?)point.Error).Average());

    /// <summary>Mean absolute error with superpages.</summary>
    public double? MapeSuperpages => Mean(_superpages);

    /// <summary>What the mean absolute error with pages of 4 KiB would be if the IOMMU cost nothing.</summary>
    public double? MapeWithoutModel => Rounded(_pages.Select(point => (double?)Math.Abs(100 * ((point.Off / point.Measured.Rate) - 1))).Average());

    /// <summary>The absolute error, with pages of 4 KiB, that 95 % of the points do not exceed.</summary>
    public double? Percentile95 =>
        _pages.Length == 0 ? null : Rounded(_pages.Select(point => Math.Abs(point.Error)).Order().ElementAt((int)Math.Ceiling(0.95 * _pages.Length) - 1));

    /// <summary>Points with pages of 4 KiB.</summary>
    public int Points => _pages.Length;

    /// <summary>Points with superpages.</summary>
    public int Superpages => _superpages.Length;

    /// <summary>Lengths of the transfers with pages of 4 KiB.</summary>
    public IEnumerable<int> Lengths => _pages.Select(point => point.Measured.Length).Distinct().Order();

    /// <summary>The errors of one length.</summary>
    public PcieBenchErrors Of(int length) => new(_pages.Where(point => point.Measured.Length == length));

    private static double? Mean(IEnumerable<PcieBenchPoint> points) => Rounded(points.Select(point => (double?)Math.Abs(point.Error)).Average());

    private static double? Rounded(double? percent) => percent is { } value ? Math.Round(value, 2) : null;
}
