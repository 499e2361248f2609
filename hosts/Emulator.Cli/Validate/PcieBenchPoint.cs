namespace Emulator.Cli.Validate;

/// <summary>A measurement with the IOMMU on and what the model makes of it.</summary>
/// <param name="Measured">The measurement.</param>
/// <param name="Off">DMAs a second measured with the IOMMU off.</param>
/// <param name="Simulated">DMAs a second simulated with it on.</param>
public sealed record PcieBenchPoint(PcieBenchRow Measured, double Off, double Simulated)
{
    /// <summary>Windows from here on are large: bytes. A quarter of them is more than the IOTLB holds.</summary>
    public const long LargeWindow = 512 << 10;

    /// <summary>How far the simulation is above the measurement, in percent; negative below.</summary>
    public double Error => 100 * ((Simulated / Measured.Rate) - 1);

    /// <summary>Whether the IOMMU's share matters here.</summary>
    public bool IsLarge => Measured.Window >= LargeWindow;
}
