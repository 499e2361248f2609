namespace Emulator.Hardware.PageTables;

/// <summary>What a mapping asks for. Source: Linux include/linux/iommu.h, IOMMU_READ and following, same bits.</summary>
[Flags]
public enum Protection
{
    /// <summary>Nothing.</summary>
    None = 0,

    /// <summary>The device may read.</summary>
    Read = 1,

    /// <summary>The device may write.</summary>
    Write = 2,

    /// <summary>Cacheable, coherent.</summary>
    Cache = 4,

    /// <summary>No instruction fetch.</summary>
    NoExecute = 8,

    /// <summary>Device memory.</summary>
    Mmio = 16,

    /// <summary>Privileged only.</summary>
    Privileged = 32,
}
