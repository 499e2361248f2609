using System.Globalization;

namespace Emulator.Cli.Validate;

/// <summary>A bound of the mean absolute error.</summary>
/// <param name="Over">The points over which the mean is taken.</param>
/// <param name="Error">The mean, in percent; null over no points.</param>
/// <param name="AtMost">The bound, in percent.</param>
public sealed record PcieBenchBound(string Over, double? Error, double AtMost)
{
    /// <summary>Whether it holds.</summary>
    public bool Holds => !(Error > AtMost);

    /// <summary>The bound in words.</summary>
    public override string ToString() =>
        string.Create(CultureInfo.InvariantCulture, $"{Over}: {Error:F2} %, at most {AtMost} %: {(Holds ? "holds" : "does not hold")}");
}
