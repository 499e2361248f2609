using Emulator.Hardware.Drivers;

namespace Emulator.Hardware.Core.Iommufd;

/// <summary>A domain that has all areas of an I/O page table mapped, and the driver that maps.</summary>
/// <param name="Driver">The driver.</param>
/// <param name="Domain">The domain.</param>
internal sealed record PagetableDomain(IIommuDriver Driver, IommuDomain Domain)
{
    /// <summary>Bytes of the smallest page of the IOMMU; the CPU's page for an IOMMU without a table in memory.</summary>
    public ulong SmallestPage => Domain.PageTable is { } table ? table.PageSizeBitmap & (~table.PageSizeBitmap + 1) : IoPages.PageSize;
}
