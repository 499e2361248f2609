using Emulator.Hardware.Dma;
using Emulator.Hardware.Drivers;

namespace Emulator.Hardware.Iommus.Exynos;

/// <summary>What varies around the SysMMU driver.</summary>
public sealed record ExynosDriverOptions
{
    /// <summary>The fault handler of all domains (iommu_set_fault_handler): gets the address and the direction that the driver tells, and answers
    /// <see cref="Errno.None"/> when it dealt with the fault. Null: there is none, and the kernel stops at the first fault (6.1: BUG; 6.12: panic).</summary>
    public Func<ulong, DmaAccess, Errno>? FaultHandler { get; init; }
}
