namespace Emulator.Hardware.Iommus.IntelVtd;

/// <summary>The context command register, offset 0x28.</summary>
/// <param name="Raw">63 ICC, 62:61 granularity, 60:59 actual granularity, 33:32 FM, 31:16 SID, 15:0 DID.</param>
public readonly record struct VtdContextCommand(ulong Raw)
{
    /// <summary>Invalidate the context cache (ICC); reads as zero when done.</summary>
    public const ulong Invalidate = 1UL << 63;

    /// <summary>What is asked for.</summary>
    public VtdGranularity Granularity => (VtdGranularity)((Raw >> 61) & 3);

    /// <summary>Source-id bits to ignore: 0 none, 1 bit 2, 2 bits 2:1, 3 bits 2:0 (FM).</summary>
    public int FunctionMask => (int)(Raw >> 32) & 3;

    /// <summary>Source id.</summary>
    public ushort Source => (ushort)(Raw >> 16);

    /// <summary>Domain id.</summary>
    public ushort Domain => (ushort)Raw;

    /// <summary>A command.</summary>
    public static VtdContextCommand Create(VtdGranularity granularity, ushort domain, ushort source) =>
        new(Invalidate | ((ulong)granularity << 61) | ((ulong)source << 16) | domain);

    /// <summary>The register after the command: ICC clear, the actual granularity as asked.</summary>
    public VtdContextCommand Done() => new((Raw & ~Invalidate & ~(3UL << 59)) | ((ulong)Granularity << 59));
}
