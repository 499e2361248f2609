namespace Emulator.Hardware.Core.Iommufd;

/// <summary>One attachment of a group to an HWPT with a fault queue: whose page requests they are. Source: Linux 6.12 drivers/iommu/iommufd/iommufd_private.h,
/// struct iommufd_attach_handle.</summary>
/// <param name="device">The device that was attached first: its id is told to the user.</param>
internal sealed class FaultHandle(IommufdDevice device) : AttachHandle
{
    /// <summary>The device.</summary>
    public IommufdDevice Device => device;
}
