namespace Emulator.Hardware.Iommus.AppleDart;

/// <summary>T8020 TCR: control of one stream. Offset 0x100 + 4 * stream. All zero: the stream's DMA is refused.</summary>
/// <remarks>Source: Linux 6.1 drivers/iommu/apple-dart.c, DART_TCR_*.</remarks>
public readonly record struct StreamControl(uint Raw)
{
    /// <summary>Translate.</summary>
    public const uint TranslateBit = 1 << 7;

    /// <summary>Bypass the DART.</summary>
    public const uint BypassBit = 1 << 8;

    /// <summary>Bypass the DAPF, an address filter behind the DART.</summary>
    public const uint BypassFilterBit = 1 << 12;

    /// <summary>Translate through the TTBRs.</summary>
    public bool Translate => (Raw & TranslateBit) != 0;

    /// <summary>Pass addresses through.</summary>
    public bool Bypass => (Raw & BypassBit) != 0;
}
