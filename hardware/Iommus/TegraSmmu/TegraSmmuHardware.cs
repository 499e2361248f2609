namespace Emulator.Hardware.Iommus.TegraSmmu;

/// <summary>What differs between the SMMUs of the Tegra chips.</summary>
/// <remarks>Source: Linux drivers/memory/tegra/tegra30.c, tegra114.c, tegra124.c, tegra210.c, the tegra_mc_soc and tegra_smmu_soc tables.</remarks>
public sealed record TegraSmmuHardware
{
    private const uint CommonInterrupts = TegraSmmuRegisters.InvalidPage | TegraSmmuRegisters.SecurityViolation | TegraSmmuRegisters.DecodeError;

    // MTS and secure carveout, video protected region, ASID updates over APB.
    private const uint LaterInterrupts = CommonInterrupts | (1 << 16) | (1 << 13) | (1 << 12) | (1 << 11);

    /// <summary>The variant's name.</summary>
    public required string Name { get; init; }

    /// <summary>Bits of physical address, 32 or 34.</summary>
    public required int AddressBits { get; init; }

    /// <summary>Bytes of an atom, the line of the page-table cache: 16, 32 or 64.</summary>
    public required int AtomBytes { get; init; }

    /// <summary>Lines of the TLB, as the driver writes them into TLB_CONFIG.</summary>
    public required int TlbLines { get; init; }

    /// <summary>Address spaces, 4 or 128; it also decides where TLB_FLUSH has its ASID.</summary>
    public required int Asids { get; init; }

    /// <summary>The TLB can arbitrate round-robin.</summary>
    public bool RoundRobinArbitration { get; init; }

    /// <summary>The page-table cache has a limit of requests in flight.</summary>
    public bool RequestLimit { get; init; }

    /// <summary>Bits of the client id in MC_ERR_STATUS, 7 or 8.</summary>
    public int ClientBits { get; init; } = 7;

    /// <summary>The interrupts that the memory controller's driver unmasks.</summary>
    public uint Interrupts { get; init; } = CommonInterrupts;

    /// <summary>Its swgroups.</summary>
    public required IReadOnlyList<TegraSwgroup> Swgroups { get; init; }

    /// <summary>Names of the swgroups that the kernel puts into one group of devices.</summary>
    public IReadOnlyList<string> SharedGroup { get; init; } = [];

    /// <summary>The kernel's name of that group.</summary>
    public string SharedGroupName { get; init; } = "drm";

    /// <summary>Tegra 3.</summary>
    public static TegraSmmuHardware Tegra30 { get; } = new()
    {
        Name = "tegra30",
        AddressBits = 32,
        AtomBytes = 16,
        TlbLines = 16,
        Asids = 4,
        Swgroups = TegraSmmuSwgroups.Tegra30,
        SharedGroup = ["dc", "dcb", "g2", "nv", "nv2"],
    };

    /// <summary>Tegra 4.</summary>
    public static TegraSmmuHardware Tegra114 { get; } = Tegra30 with
    {
        Name = "tegra114",
        AtomBytes = 32,
        TlbLines = 32,
        Swgroups = TegraSmmuSwgroups.Tegra114,
        SharedGroup = ["dc", "dcb", "g2", "nv"],
    };

    /// <summary>Tegra K1.</summary>
    public static TegraSmmuHardware Tegra124 { get; } = new()
    {
        Name = "tegra124",
        AddressBits = 34,
        AtomBytes = 32,
        TlbLines = 32,
        Asids = 128,
        RoundRobinArbitration = true,
        RequestLimit = true,
        Interrupts = LaterInterrupts,
        Swgroups = TegraSmmuSwgroups.Tegra124,
        SharedGroup = ["dc", "dcb", "vic"],
    };

    /// <summary>Tegra X1.</summary>
    public static TegraSmmuHardware Tegra210 { get; } = Tegra124 with
    {
        Name = "tegra210",
        AtomBytes = 64,
        TlbLines = 48,
        ClientBits = 8,
        Swgroups = TegraSmmuSwgroups.Tegra210,
        SharedGroup = ["dc", "dcb"],
        SharedGroupName = "display",
    };

    /// <summary>All of them, the default first.</summary>
    public static IReadOnlyList<TegraSmmuHardware> All { get; } = [Tegra30, Tegra114, Tegra124, Tegra210];

    /// <summary>The swgroup that a client belongs to; null for clients without a gate.</summary>
    public TegraSwgroup? SwgroupOf(uint client) => Swgroups.FirstOrDefault(swgroup => swgroup.Clients.Contains((int)client));
}
