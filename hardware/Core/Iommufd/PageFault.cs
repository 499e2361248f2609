namespace Emulator.Hardware.Core.Iommufd;

/// <summary>A page request as a fault queue tells it. Source: Linux 6.12 include/uapi/linux/iommufd.h, struct iommu_hwpt_pgfault.</summary>
/// <param name="DeviceId">The device.</param>
/// <param name="Cookie">What the answer must name; the same for all requests of a group.</param>
/// <param name="Request">The request.</param>
public sealed record PageFault(int DeviceId, int Cookie, PageRequest Request);
