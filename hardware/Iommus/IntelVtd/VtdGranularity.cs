namespace Emulator.Hardware.Iommus.IntelVtd;

/// <summary>How much an invalidation of the context cache or of the IOTLB covers.</summary>
public enum VtdGranularity
{
    /// <summary>Reserved.</summary>
    None = 0,

    /// <summary>Everything.</summary>
    Global = 1,

    /// <summary>A domain id.</summary>
    Domain = 2,

    /// <summary>Less than a domain: context entries of a device, IOTLB entries of an address range.</summary>
    Narrow = 3,
}
