using Emulator.Hardware.Translation;

namespace Emulator.Hardware.Iommus.Exynos;

/// <summary>What varies between SysMMUs of a version, and what no source states.</summary>
public sealed record ExynosOptions
{
    /// <summary>Size and shape of the TLB.</summary>
    public IotlbGeometry Iotlb { get; init; } = new();

    /// <summary>[model] First-level words that the FLPD cache keeps; 0 for none.</summary>
    public int FlpdEntries { get; init; } = int.MaxValue;

    /// <summary>[model] Whether FLUSH_ENTRY also drops the first-level word of the address. Null: up to v3 only. Linux flushes everything on v5 and later where it
    /// must drop such a word, and single entries before (6.1 drivers/iommu/exynos-iommu.c, sysmmu_tlb_invalidate_flpdcache).</summary>
    public bool? EntryFlushDropsFlpd { get; init; }

    /// <summary>[model] A request that faulted is tried again once the fault is cleared; false: it is refused at once.</summary>
    public bool RetriesFaulted { get; init; }

    /// <summary>[model] v7 with VM registers: machine 0 goes on translating while CTRL is 0 and CTRL_VM still says enabled.</summary>
    public bool VmTranslatesWhileDisabled { get; init; }

    /// <summary>[model] Requests that wait at most, their answers included until these are taken; further ones are refused.</summary>
    public int WaitingRequests { get; init; } = 1024;
}
