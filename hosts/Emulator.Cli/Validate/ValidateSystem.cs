namespace Emulator.Cli.Validate;

/// <summary>A system and direction in <see cref="ValidateDocument"/>. Errors are percent.</summary>
/// <param name="System">The system.</param>
/// <param name="Direction"><c>read</c> or <c>write</c>.</param>
/// <param name="Mape">Mean absolute error with pages of 4 KiB.</param>
/// <param name="MapeLargeWindows">The same over windows of at least 512 KiB.</param>
/// <param name="BiasLargeWindows">Mean signed error of these; above 0 the model is too fast.</param>
/// <param name="MapeSuperpages">Mean absolute error with superpages.</param>
/// <param name="Points">Points with pages of 4 KiB.</param>
/// <param name="Sizes">The errors with pages of 4 KiB by bytes of a transfer.</param>
public sealed record ValidateSystem(
    string System,
    string Direction,
    double? Mape,
    double? MapeLargeWindows,
    double? BiasLargeWindows,
    double? MapeSuperpages,
    int Points,
    IReadOnlyList<ValidateSize> Sizes);
