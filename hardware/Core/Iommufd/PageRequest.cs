namespace Emulator.Hardware.Core.Iommufd;

/// <summary>A device asks for a page. Source: Linux 6.12 include/linux/iommu.h, struct iommu_fault_page_request.</summary>
/// <param name="GroupId">Requests with the same number are answered together, 9 bits for PCI.</param>
/// <param name="Address">The page.</param>
/// <param name="IsLast">The last one of its group: until it comes the others wait.</param>
/// <param name="Permissions">What the device wants, IOMMU_FAULT_PERM_*: read 1, write 2, execute 4, privileged 8.</param>
/// <param name="Pasid">The PASID, or null.</param>
public sealed record PageRequest(uint GroupId, ulong Address, bool IsLast = true, uint Permissions = 1, uint? Pasid = null);
