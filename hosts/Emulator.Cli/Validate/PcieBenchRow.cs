using Emulator.Hardware.Dma;

namespace Emulator.Cli.Validate;

/// <summary>A measurement.</summary>
/// <param name="System">The measured system.</param>
/// <param name="Paging">What its IOMMU did.</param>
/// <param name="Access">Direction of the DMAs.</param>
/// <param name="Cache">State of the processor's cache before them.</param>
/// <param name="Window">Bytes over which they were spread.</param>
/// <param name="Length">Bytes of each.</param>
/// <param name="Rate">DMAs a second.</param>
public sealed record PcieBenchRow(string System, PcieBenchPaging Paging, DmaAccess Access, string Cache, long Window, int Length, double Rate)
{
    /// <summary>What was measured, without the result: equal for the same measurement.</summary>
    /// <param name="paging">What the IOMMU did.</param>
    public PcieBenchRow WithoutRate(PcieBenchPaging paging) => this with { Paging = paging, Rate = 0 };

    /// <summary>The direction as files and documents name it.</summary>
    public static string NameOf(DmaAccess access) => access == DmaAccess.Write ? "write" : "read";
}
