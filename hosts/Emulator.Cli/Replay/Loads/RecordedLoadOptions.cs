using Emulator.Hardware.DmaApi;
using Emulator.Hardware.Drivers;

namespace Emulator.Cli.Replay.Loads;

/// <summary>How the calls of a trace are played.</summary>
public sealed record RecordedLoadOptions
{
    /// <summary>The mode; null for that in which each domain was recorded.</summary>
    public DmaMode? Mode { get; init; }

    /// <summary>The IOMMU, as the catalogue names it; null for the trace's, intel where it names none.</summary>
    public string? Iommu { get; init; }

    /// <summary>The kernel.</summary>
    public KernelVersion Kernel { get; init; } = KernelVersion.Linux61;

    /// <summary>Whether a lazy load that was recorded lazily is flushed when the trace says so, on the CPU that it names. Else our timer decides: what delayed the
    /// recorded one - interrupts, other
    /// softirqs - is not in a trace.</summary>
    public bool FlushesAsRecorded { get; init; } = true;

    /// <summary>The flush queue, where our timer decides.</summary>
    public FlushQueueOptions FlushQueue { get; init; } = new();

    /// <summary>Addresses that are never given out; null for those of the machine that QEMU emulates for this IOMMU (<see cref="QemuReserved"/>).</summary>
    public IReadOnlyList<(ulong First, ulong Last)>? Reserved { get; init; }

    /// <summary>What Linux reserves on QEMU's machines. q35: the interrupt doorbells of x86 and the windows of the host bridge. virt (Arm): the window below 4
    /// GiB.</summary>
    /// <param name="iommu">The IOMMU, as the catalogue names it.</param>
    /// <remarks>Source: QEMU hw/i386/pc_q35.c and hw/arm/virt.c, memory maps; Linux drivers/iommu/dma-iommu.c, iova_reserve_pci_windows.</remarks>
    public static IReadOnlyList<(ulong First, ulong Last)> QemuReserved(string iommu) => iommu == "arm-smmu-v3"
        ? [(0x1000_0000, 0x3efe_ffff)]
        : [(0xa_0000, 0xb_ffff), (0x6000_0000, 0xafff_ffff), (0xc000_0000, 0xfebf_ffff), (0xfee0_0000, 0xfeef_ffff)];
}
