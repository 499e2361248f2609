namespace Emulator.Hardware.DmaApi;

/// <summary>How DMA mappings are undone.</summary>
public enum DmaMode
{
    /// <summary>An unmap waits for its invalidation (iommu.strict=1, domain type DMA).</summary>
    Strict,

    /// <summary>An unmap is queued and a later flush invalidates for many (iommu.strict=0, domain type DMA-FQ): until then the device can still reach the
    /// memory.</summary>
    Lazy,

    /// <summary>No translation (iommu.passthrough=1): the address is the physical one, and nothing is mapped.</summary>
    PassThrough,
}
