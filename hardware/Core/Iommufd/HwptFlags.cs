namespace Emulator.Hardware.Core.Iommufd;

/// <summary>What an HWPT is made for. Source: Linux 6.12 include/uapi/linux/iommufd.h, enum iommufd_hwpt_alloc_flags, same bits.</summary>
[Flags]
public enum HwptFlags
{
    /// <summary>Nothing special.</summary>
    None = 0,

    /// <summary>Nested HWPTs may be put on it.</summary>
    NestParent = 1,

    /// <summary>Only devices whose writes can be tracked are attached to it.</summary>
    DirtyTracking = 2,

    /// <summary>Page requests go to a fault queue.</summary>
    FaultIdValid = 4,
}
