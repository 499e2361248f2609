namespace Emulator.Hardware.Core.Iommufd;

/// <summary>Answers to page requests. Source: Linux 6.12 include/linux/iommu.h, enum iommu_page_response_code.</summary>
public enum PageResponseCode
{
    /// <summary>The page is there: try again.</summary>
    Success = 0,

    /// <summary>The request cannot be granted.</summary>
    Invalid = 1,

    /// <summary>No further requests are answered: only the kernel may say that.</summary>
    Failure = 2,
}
