using Emulator.Hardware.Drivers;

namespace Emulator.Hardware.Core.Iommufd;

/// <summary>A driver that delivers page requests of devices and takes the answers (IOMMU_DEV_FEAT_IOPF). With another a fault queue cannot be used: -ENODEV.</summary>
public interface IPageFaultDriver : IIommuDriver
{
    /// <summary>Tells a device the answer to a group of page requests (page_response).</summary>
    IEnumerable<DriverStep> RespondToPageRequest(DmaDevice device, PageResponse response);
}
