namespace Emulator.Hardware.Iommus.Sprd;

/// <summary>Registers and bits that both versions share. Source: Linux drivers/iommu/sprd-iommu.c:18-52.</summary>
public static class SprdRegisters
{
    /// <summary>Bytes of the window. Source: Documentation/devicetree/bindings/iommu/sprd,iommu.yaml.</summary>
    public const ulong WindowSize = 0x80;

    /// <summary>VERSION: [15:8] the version.</summary>
    public const ulong Version = 0x00;

    /// <summary>VAU: AUTH_CFG, not used by Linux.</summary>
    public const ulong AuthConfiguration = 0x0c;

    /// <summary>FIRST_PPN: the table's address >> 12.</summary>
    public const ulong FirstPpn = 0x10;

    /// <summary>DEFAULT_PPN: the protect page's address >> 12; in VAU that of reads.</summary>
    public const ulong DefaultPpn = 0x14;

    /// <summary>CFG: translation is on.</summary>
    public const uint Enable = 1u << 0;

    /// <summary>CFG: the clock gate is on. Linux sets and clears it with <see cref="Enable"/>.</summary>
    public const uint GateEnable = 1u << 1;

    /// <summary>CFG: addresses outside the aperture pass untranslated. Linux never writes it.</summary>
    public const uint OutOfRangeBypass = 1u << 4;

    /// <summary>Where the version is in its word.</summary>
    public const int VersionShift = 8;

    /// <summary>The bits of the version in its word.</summary>
    public const uint VersionMask = 0xffu << VersionShift;
}
