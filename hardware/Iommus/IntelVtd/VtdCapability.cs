namespace Emulator.Hardware.Iommus.IntelVtd;

/// <summary>The capability register, offset 0x08.</summary>
/// <param name="Raw">The 64 bits.</param>
/// <remarks>Source: Linux 6.1 drivers/iommu/intel/iommu.h, cap_*.</remarks>
public readonly record struct VtdCapability(ulong Raw)
{
    /// <summary>Number of domain ids (ND, 2:0).</summary>
    public int DomainCount => 1 << (4 + (2 * (int)(Raw & 7)));

    /// <summary>Write buffers must be flushed (RWBF, 4).</summary>
    public bool RequiresWriteBufferFlush => (Raw & (1UL << 4)) != 0;

    /// <summary>Protected low memory region (PLMR, 5).</summary>
    public bool ProtectedLow => (Raw & (1UL << 5)) != 0;

    /// <summary>Protected high memory region (PHMR, 6).</summary>
    public bool ProtectedHigh => (Raw & (1UL << 6)) != 0;

    /// <summary>Caching mode: what is not present may be cached too (CM, 7).</summary>
    public bool CachingMode => (Raw & (1UL << 7)) != 0;

    /// <summary>Supported table depths: bit 1 3 levels, bit 2 4, bit 3 5 (SAGAW, 12:8).</summary>
    public int AddressWidths => (int)(Raw >> 8) & 0x1f;

    /// <summary>Maximum guest address width in bits (MGAW, 21:16, plus one).</summary>
    public int MaxGuestWidth => ((int)(Raw >> 16) & 0x3f) + 1;

    /// <summary>Offset of the fault recording registers (FRO, 33:24, times 16).</summary>
    public ulong FaultRecordOffset => 16 * ((Raw >> 24) & 0x3ff);

    /// <summary>Second-level large pages: 0 none, 1 2 MiB, 2 also 1 GiB (SLLPS, 37:34).</summary>
    public int Superpages => ((Raw >> 34) & 3) switch { 3 => 2, 1 => 1, _ => 0 };

    /// <summary>Page-selective invalidation (PSI, 39).</summary>
    public bool PageSelective => (Raw & (1UL << 39)) != 0;

    /// <summary>Number of fault recording registers (NFR, 47:40, plus one).</summary>
    public int FaultRecords => ((int)(Raw >> 40) & 0xff) + 1;

    /// <summary>Largest address mask of a page-selective invalidation (MAMV, 53:48).</summary>
    public int MaxAddressMask => (int)(Raw >> 48) & 0x3f;

    /// <summary>Pending writes can be drained (DWD, 54).</summary>
    public bool DrainsWrites => (Raw & (1UL << 54)) != 0;

    /// <summary>Pending reads can be drained (DRD, 55).</summary>
    public bool DrainsReads => (Raw & (1UL << 55)) != 0;

    /// <summary>First-level 1 GiB pages (FL1GP, 56).</summary>
    public bool FirstLevelGigabytePages => (Raw & (1UL << 56)) != 0;

    /// <summary>First-level tables of 5 levels (FL5LP, 60).</summary>
    public bool FirstLevelFiveLevels => (Raw & (1UL << 60)) != 0;

    /// <summary>Setting the root table pointer invalidates the caches (ESRTPS, 63).</summary>
    public bool InvalidatesOnRootTable => (Raw & (1UL << 63)) != 0;
}
