namespace Emulator.Cli.Validate;

/// <summary>The errors of one size of transfer, in percent.</summary>
/// <param name="Bytes">Bytes of a transfer.</param>
/// <param name="Mape">Mean absolute error with pages of 4 KiB.</param>
/// <param name="MapeLargeWindows">The same over windows of at least 512 KiB.</param>
public sealed record ValidateSize(int Bytes, double? Mape, double? MapeLargeWindows);
