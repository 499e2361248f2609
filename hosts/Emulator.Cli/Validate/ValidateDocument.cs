namespace Emulator.Cli.Validate;

/// <summary>The document of <c>validate pcie-bench --json</c>. Errors are percent with two decimals; a mean over no points is null.</summary>
/// <param name="Schema">Always <see cref="SchemaName"/>.</param>
/// <param name="Mape">Mean absolute error with pages of 4 KiB.</param>
/// <param name="MapeLargeWindows">The same over windows of at least 512 KiB.</param>
/// <param name="MapeSuperpages">Mean absolute error with superpages.</param>
/// <param name="MapeWithoutModel">What <paramref name="Mape"/> would be if the IOMMU cost nothing.</param>
/// <param name="Percentile95">The error that 95 % of the points with pages of 4 KiB do not exceed.</param>
/// <param name="Points">Points with pages of 4 KiB.</param>
/// <param name="Holds">Whether every bound holds.</param>
/// <param name="Bounds">The bounds that apply.</param>
/// <param name="Systems">Each system and direction.</param>
/// <param name="LeftOut">What was not simulated, and why.</param>
/// <param name="IgnoredColumns">Columns of the file that were not looked at.</param>
public sealed record ValidateDocument(
    string Schema,
    double? Mape,
    double? MapeLargeWindows,
    double? MapeSuperpages,
    double? MapeWithoutModel,
    double? Percentile95,
    int Points,
    bool Holds,
    IReadOnlyList<PcieBenchBound> Bounds,
    IReadOnlyList<ValidateSystem> Systems,
    IReadOnlyList<PcieBenchLeftOut> LeftOut,
    IReadOnlyList<string> IgnoredColumns)
{
    /// <summary>Name and version of this shape.</summary>
    public const string SchemaName = "emulator.validate/1";

    /// <summary>Makes the document.</summary>
    internal static ValidateDocument Of(PcieBenchResult result, IReadOnlyList<string> ignored)
    {
        var total = result.Total;
        return new(
            SchemaName,
            total.Mape,
            total.MapeLargeWindows,
            total.MapeSuperpages,
            total.MapeWithoutModel,
            total.Percentile95,
            total.Points,
            result.Holds,
            result.Bounds,
            [.. result.Systems.Select(group => Of(group.System, PcieBenchRow.NameOf(group.Access), group.Errors))],
            result.LeftOut,
            ignored);
    }

    private static ValidateSystem Of(string system, string direction, PcieBenchErrors errors) => new(
        system,
        direction,
        errors.Mape,
        errors.MapeLargeWindows,
        errors.BiasLargeWindows,
        errors.MapeSuperpages,
        errors.Points,
        [.. errors.Lengths.Select(length => new ValidateSize(length, errors.Of(length).Mape, errors.Of(length).MapeLargeWindows))]);
}
