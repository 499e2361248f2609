namespace Emulator.Hardware.Iommus.TegraGart;

/// <summary>Where the aperture is; Linux reads it from the device tree.</summary>
public sealed record TegraGartOptions
{
    /// <summary>First address of the aperture; a multiple of 4 KiB. Tegra20: 0x5800_0000.</summary>
    public ulong ApertureBase { get; init; } = 0x5800_0000;

    /// <summary>Bytes of the aperture; a multiple of 4 KiB. Tegra20: 32 MiB.</summary>
    public ulong ApertureSize { get; init; } = 0x200_0000;

    /// <summary>The driver's module parameter gart_debug: entries in use are not overwritten, entries not in use not unmapped.</summary>
    public bool Debug { get; init; }
}
