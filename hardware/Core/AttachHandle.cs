using Emulator.Hardware.Drivers;

namespace Emulator.Hardware.Core;

/// <summary>6.12: stands for one attachment - of a group, or of a PASID - to whoever made it, so that I/O page faults find their way. Source: Linux 6.12
/// include/linux/iommu.h,
/// struct iommu_attach_handle.</summary>
public class AttachHandle
{
    /// <summary>The domain that it was last used to attach; null before that.</summary>
    public IommuDomain? Domain { get; internal set; }
}
