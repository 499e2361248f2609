namespace Emulator.Hardware.Iommus.Sprd;

/// <summary>One version of the IOMMU: where its registers are. Source: Linux drivers/iommu/sprd-iommu.c, SPRD_EX_* and SPRD_VAU_*.</summary>
public sealed record SprdHardware
{
    /// <summary>The name.</summary>
    public required string Name { get; init; }

    /// <summary>What bits 15:8 of <see cref="SprdRegisters.Version"/> say.</summary>
    public required uint Version { get; init; }

    /// <summary>Offset of CFG. In EX it is the same word as VERSION.</summary>
    public required ulong Configuration { get; init; }

    /// <summary>Offset of UPDATE.</summary>
    public required ulong Update { get; init; }

    /// <summary>Offset of FIRST_VPN.</summary>
    public required ulong FirstVpn { get; init; }

    /// <summary>Offset of VPN_RANGE.</summary>
    public required ulong VpnRange { get; init; }

    /// <summary>Offset of the protect page's register for writes; null where one register serves both directions.</summary>
    public ulong? DefaultPpnOfWrites { get; init; }

    /// <summary>Version 0, EX.</summary>
    public static SprdHardware Ex { get; } = new() { Name = "ex", Version = 0, Configuration = 0x00, Update = 0x04, FirstVpn = 0x08, VpnRange = 0x0c };

    /// <summary>Version 1, VAU.</summary>
    public static SprdHardware Vau { get; } = new()
    {
        Name = "vau",
        Version = 1,
        Configuration = 0x04,
        Update = 0x08,
        FirstVpn = 0x1c,
        VpnRange = 0x20,
        DefaultPpnOfWrites = 0x18,
    };

    /// <summary>All versions that the driver knows.</summary>
    public static IReadOnlyList<SprdHardware> All { get; } = [Ex, Vau];
}
