namespace Emulator.Hardware.Iommus.Mtk;

/// <summary>One chip's M4U. Source: Linux drivers/iommu/mtk_iommu.c, 6.1 :1446-1606, mtk-smi.c.</summary>
public sealed record MtkHardware
{
    /// <summary>The name.</summary>
    public required string Name { get; init; }

    /// <summary>Where ports are switched.</summary>
    public required MtkPortKind Ports { get; init; }

    /// <summary>Offset of INV_SEL.</summary>
    public ulong InvalidateSelect { get; init; } = 0x2c;

    /// <summary>Offset of a larb's mask register; <see cref="MtkPortKind.LarbMask"/> only.</summary>
    public ulong LarbMask { get; init; }

    /// <summary>Bits of input address: 32, or 34 with regions of 4 GiB.</summary>
    public int InputBits { get; init; } = 32;

    /// <summary>The chip can remap its DRAM for 4 GiB; then output addresses are 33 or 32 bits, else 35.</summary>
    public bool HasFourGigabyteMode { get; init; }

    /// <summary>VLD_PA_RNG is set in 4 GiB mode.</summary>
    public bool HasValidRange { get; init; }

    /// <summary>Tables may lie above 4 GiB.</summary>
    public bool HasUpperTables { get; init; }

    /// <summary>The protect address is written halved.</summary>
    public bool HasLegacyProtectAddress { get; init; }

    /// <summary>CTRL is written with one value (mt8173, mt6795).</summary>
    public bool HasFixedControl { get; init; }

    /// <summary>MISC_CTRL is written with 0.</summary>
    public bool ResetsAxi { get; init; }

    /// <summary>Standard AXI stays on.</summary>
    public bool KeepsStandardAxi { get; init; }

    /// <summary>Writes may pass each other.</summary>
    public bool WritesOutOfOrder { get; init; }

    /// <summary>Writes are throttled.</summary>
    public bool ThrottlesWrites { get; init; }

    /// <summary>Clock management is turned off.</summary>
    public bool DisablesClockManagement { get; init; }

    /// <summary>Its clock is always on: range invalidations do not ask whether it is awake.</summary>
    public bool IsAlwaysOn { get; init; }

    /// <summary>The ports of each bank, a bit each; one bank for all where there is one entry. Banks without ports are not used.</summary>
    public IReadOnlyList<uint> Banks { get; init; } = [uint.MaxValue];

    /// <summary>Larbs beside the interconnect's switch, a bit each: the SMI driver leaves their ports alone (drivers/memory/mtk-smi.c, larb_direct_to_common_mask).</summary>
    public uint DirectLarbs { get; init; }

    /// <summary>Which ports are of which region, as 6.12 has it; a port that is in none cannot be used. Empty where there is one region.</summary>
    public IReadOnlyList<MtkRegion> Regions { get; init; } = [];

    /// <summary>Bits of a port's number in INT_ID.</summary>
    public int PortBits { get; init; } = 5;

    /// <summary>Whether it is an infrastructure IOMMU: its ports are switched at once, and no device's power depends on it.</summary>
    public bool IsInfrastructure => Ports is MtkPortKind.Peripheral or MtkPortKind.InfrastructureFirmware;

    /// <summary>Whether Linux 6.1 knows it.</summary>
    public bool InLinux61 { get; init; } = true;

    /// <summary>The chips, the default first.</summary>
    public static IReadOnlyList<MtkHardware> All { get; } =
    [
        new()
        {
            Name = "mt8173",
            Ports = MtkPortKind.LarbMask,
            LarbMask = 0xf00,
            InvalidateSelect = 0x38,
            HasFourGigabyteMode = true,
            ResetsAxi = true,
            HasLegacyProtectAddress = true,
            HasFixedControl = true,
        },
        new() { Name = "mt2712", Ports = MtkPortKind.LarbPorts, InvalidateSelect = 0x38, HasFourGigabyteMode = true, HasValidRange = true, DirectLarbs = 0x300 },
        new() { Name = "mt6779", Ports = MtkPortKind.LarbPorts, HasUpperTables = true, WritesOutOfOrder = true, ThrottlesWrites = true, DirectLarbs = 0x3850 },
        new()
        {
            Name = "mt6795",
            Ports = MtkPortKind.LarbMask,
            LarbMask = 0xf00,
            InvalidateSelect = 0x38,
            HasFourGigabyteMode = true,
            ResetsAxi = true,
            HasLegacyProtectAddress = true,
            HasFixedControl = true,
        },
        new() { Name = "mt8167", Ports = MtkPortKind.LarbMask, LarbMask = 0xfc0, InvalidateSelect = 0x38, ResetsAxi = true, HasLegacyProtectAddress = true },
        new() { Name = "mt8183", Ports = MtkPortKind.LarbPorts, InvalidateSelect = 0x38, ResetsAxi = true, DirectLarbs = 0x8c },
        new()
        {
            Name = "mt8186",
            Ports = MtkPortKind.LarbPorts,
            InputBits = 34,
            WritesOutOfOrder = true,
            ThrottlesWrites = true,
            Regions = [.. MtkRegion.Of(0, 0, 1, 2), .. MtkRegion.Of(1, 4, 7), .. MtkRegion.Of(2, 8, 9, 11, 16, 17, 19, 20), new(2, 13, ~0x600u), new(4, 13, 0x600), new(5, 14)],
        },
        new()
        {
            Name = "mt8192",
            Ports = MtkPortKind.LarbPorts,
            InputBits = 34,
            WritesOutOfOrder = true,
            ThrottlesWrites = true,
            Regions = [.. MtkRegion.Of(0, 0, 1), .. MtkRegion.Of(1, 4, 5, 7), .. MtkRegion.Of(2, 2, 9, 11, 16, 17, 18, 19, 20), new(2, 13, ~0x600u), new(2, 14, ~0x30u), new(4, 13, 0x600), new(5, 14, 0x30)],
        },
        new()
        {
            Name = "mt8195_vdo",
            Ports = MtkPortKind.LarbPorts,
            InputBits = 34,
            WritesOutOfOrder = true,
            ThrottlesWrites = true,
            Regions = [.. MtkRegion.Of(0, 0, 1, 2, 3), .. MtkRegion.Of(1, 19, 20, 21, 22, 23, 24), .. MtkRegion.Of(2, [.. Enumerable.Range(4, 14), 25, 26, 27, 28]), new(4, 18, 3), new(5, 18, 0xc)],
        },
        new()
        {
            Name = "mt8195_infra",
            Ports = MtkPortKind.Peripheral,
            ThrottlesWrites = true,
            DisablesClockManagement = true,
            KeepsStandardAxi = true,
            IsAlwaysOn = true,
            Banks = [0x000f_0000, 0, 0, 0, 0xfff0_0000],
        },
        new()
        {
            Name = "mt8188_vdo",
            Ports = MtkPortKind.Firmware,
            InputBits = 34,
            HasUpperTables = true,
            WritesOutOfOrder = true,
            ThrottlesWrites = true,
            Regions = [.. MtkRegion.Of(0, 0, 1, 2, 3), .. MtkRegion.Of(1, 21, 22, 23), .. MtkRegion.Of(2, [.. Enumerable.Range(4, 17), 25]), new(4, 24, 3), new(5, 24, 0xc)],
            InLinux61 = false,
        },
        new()
        {
            Name = "mt8188_infra",
            Ports = MtkPortKind.InfrastructureFirmware,
            HasUpperTables = true,
            ThrottlesWrites = true,
            DisablesClockManagement = true,
            KeepsStandardAxi = true,
            IsAlwaysOn = true,
            InLinux61 = false,
        },
        new() { Name = "mt8365", Ports = MtkPortKind.LarbPorts, InvalidateSelect = 0x38, ResetsAxi = true, PortBits = 6, InLinux61 = false },
    ];
}
