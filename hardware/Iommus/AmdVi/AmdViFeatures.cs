namespace Emulator.Hardware.Iommus.AmdVi;

/// <summary>The extended feature register, offset 0x30.</summary>
/// <param name="Raw">The 64-bit word.</param>
public readonly record struct AmdViFeatures(ulong Raw)
{
    private const ulong PrefetchBit = 1 << 0;
    private const ulong PprBit = 1 << 1;
    private const ulong NoExecuteBit = 1 << 3;
    private const ulong GuestTranslationBit = 1 << 4;
    private const ulong InvalidateAllBit = 1 << 6;
    private const ulong EphBit = 1UL << 50;
    private const ulong SnpBit = 1UL << 63;

    /// <summary>What silicon has here unless told otherwise: page requests, no-execute, guest translation with GCR3 tables of up to three levels, INVALIDATE_ALL,
    /// guest I/O protection.</summary>
    public static AmdViFeatures Default => new(PprBit | NoExecuteBit | GuestTranslationBit | InvalidateAllBit | (2UL << 14) | (19UL << 32) | (1UL << 48) | EphBit);

    /// <summary>Bit 0, PrefSup: PREFETCH_IOMMU_PAGES exists.</summary>
    public bool Prefetch => (Raw & PrefetchBit) != 0;

    /// <summary>Bit 1, PPRSup: page requests.</summary>
    public bool PageRequests => (Raw & PprBit) != 0;

    /// <summary>Bit 4, GTSup: guest (v2) translation.</summary>
    public bool GuestTranslation => (Raw & GuestTranslationBit) != 0;

    /// <summary>Bit 6, IASup: INVALIDATE_ALL exists.</summary>
    public bool InvalidateAll => (Raw & InvalidateAllBit) != 0;

    /// <summary>Bits 15:14, GLXSup: the most levels of a GCR3 table, minus 1.</summary>
    public int MaxGcr3Levels => (int)(Raw >> 14) & 3;

    /// <summary>Bit 50, EPHSup: enhanced handling of page requests.</summary>
    public bool EnhancedPageRequests => (Raw & EphBit) != 0;

    /// <summary>The same with bit 63, SNPSup.</summary>
    public AmdViFeatures WithSnp() => new(Raw | SnpBit);
}
