namespace Emulator.Hardware.Iommus.IntelVtd;

/// <summary>The IOTLB invalidate register, second of the pair at ECAP.IRO.</summary>
/// <param name="Raw">63 IVT, 61:60 granularity, 58:57 actual granularity, 49 DR, 48 DW, 47:32 DID.</param>
public readonly record struct VtdIotlbCommand(ulong Raw)
{
    /// <summary>Invalidate (IVT); reads as zero when done.</summary>
    public const ulong Invalidate = 1UL << 63;

    /// <summary>Drain reads (DR).</summary>
    public const ulong DrainReads = 1UL << 49;

    /// <summary>Drain writes (DW).</summary>
    public const ulong DrainWrites = 1UL << 48;

    /// <summary>What is asked for; <see cref="VtdGranularity.Narrow"/> means pages.</summary>
    public VtdGranularity Granularity => (VtdGranularity)((Raw >> 60) & 3);

    /// <summary>Domain id.</summary>
    public ushort Domain => (ushort)(Raw >> 32);

    /// <summary>A command.</summary>
    public static VtdIotlbCommand Create(VtdGranularity granularity, ushort domain, ulong drain) =>
        new(Invalidate | ((ulong)granularity << 60) | ((ulong)domain << 32) | drain);

    /// <summary>The register after the command: IVT clear, the actual granularity as done; none when it was refused.</summary>
    public VtdIotlbCommand Done(bool accepted) => new((Raw & ~Invalidate & ~(3UL << 57)) | (accepted ? (ulong)Granularity << 57 : 0));
}
