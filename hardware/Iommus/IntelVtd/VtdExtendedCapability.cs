namespace Emulator.Hardware.Iommus.IntelVtd;

/// <summary>The extended capability register, offset 0x10.</summary>
/// <param name="Raw">The 64 bits.</param>
/// <remarks>Source: Linux 6.1 drivers/iommu/intel/iommu.h, ecap_*.</remarks>
public readonly record struct VtdExtendedCapability(ulong Raw)
{
    /// <summary>Table reads snoop the caches (C, 0).</summary>
    public bool Coherent => Bit(0);

    /// <summary>Queued invalidation (QI, 1).</summary>
    public bool QueuedInvalidation => Bit(1);

    /// <summary>Device TLBs, that is ATS (DT, 2).</summary>
    public bool DeviceTlb => Bit(2);

    /// <summary>Pass-through (PT, 6).</summary>
    public bool PassThrough => Bit(6);

    /// <summary>Snoop control in second-level leaves (SC, 7).</summary>
    public bool SnoopControl => Bit(7);

    /// <summary>Offset of the IOTLB registers (IRO, 17:8, times 16).</summary>
    public ulong IotlbOffset => 16 * ((Raw >> 8) & 0x3ff);

    /// <summary>Nested translation (NEST, 26).</summary>
    public bool Nested => Bit(26);

    /// <summary>Supervisor requests (SRS, 31).</summary>
    public bool SupervisorRequests => Bit(31);

    /// <summary>Bits of PASID (PSS, 39:35, plus one).</summary>
    public int PasidBits => ((int)(Raw >> 35) & 0x1f) + 1;

    /// <summary>Requests with PASID (PASID, 40).</summary>
    public bool Pasid => Bit(40);

    /// <summary>Scalable mode (SMTS, 43).</summary>
    public bool ScalableMode => Bit(43);

    /// <summary>Second-level translation in scalable mode (SLTS, 46).</summary>
    public bool SecondLevel => Bit(46);

    /// <summary>First-level translation in scalable mode (FLTS, 47).</summary>
    public bool FirstLevel => Bit(47);

    /// <summary>Page-walk coherency in scalable mode (SMPWC, 48).</summary>
    public bool ScalablePageWalkCoherency => Bit(48);

    private bool Bit(int bit) => (Raw >> bit & 1) != 0;
}
