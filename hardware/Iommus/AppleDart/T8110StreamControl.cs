namespace Emulator.Hardware.Iommus.AppleDart;

/// <summary>T8110 TCR: control of one stream. Offset 0x1000 + 4 * stream. All zero: the stream's DMA is refused.</summary>
/// <remarks>Source: Linux 6.12 drivers/iommu/apple-dart.c, DART_T8110_TCR_*.</remarks>
public readonly record struct T8110StreamControl(uint Raw)
{
    /// <summary>Translate.</summary>
    public const uint TranslateBit = 1 << 0;

    /// <summary>Bypass the DART.</summary>
    public const uint BypassBit = 1 << 1;

    /// <summary>Bypass the DAPF, an address filter behind the DART.</summary>
    public const uint BypassFilterBit = 1 << 2;

    /// <summary>Translate through the TTBR.</summary>
    public bool Translate => (Raw & TranslateBit) != 0;

    /// <summary>Pass addresses through.</summary>
    public bool Bypass => (Raw & BypassBit) != 0;

    /// <summary>Use another stream's configuration.</summary>
    public bool Remap => (Raw & (1 << 7)) != 0;

    /// <summary>The stream whose configuration is used with <see cref="Remap"/>, bits [11:8].</summary>
    public int RemapTarget => (int)(Raw >> 8) & 0xf;
}
