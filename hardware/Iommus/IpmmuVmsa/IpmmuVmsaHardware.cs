namespace Emulator.Hardware.Iommus.IpmmuVmsa;

/// <summary>What differs between the IPMMU generations: contexts, micro-TLBs, offsets.</summary>
/// <remarks>Source: Linux 6.1 drivers/iommu/ipmmu-vmsa.c:906-946, struct ipmmu_features, and :179-222 for the offsets.</remarks>
public sealed record IpmmuVmsaHardware
{
    // Contexts 8 and up lie this much further on (ipmmu_ctx_reg, :195).
    private const ulong UpperContextGap = 0x600;

    private IpmmuVmsaHardware()
    {
    }

    /// <summary>The variant's name.</summary>
    public required string Name { get; init; }

    /// <summary>Contexts that Linux uses, 1 to 16: each is one address space.</summary>
    public required int Contexts { get; init; }

    /// <summary>Context 0 is never given out.</summary>
    public required bool ReservesContext0 { get; init; }

    /// <summary>Micro-TLBs of an instance, up to 64.</summary>
    public required int MicroTlbs { get; init; }

    /// <summary>Micro-TLBs are in leaf instances, contexts and table walker in one root (IPMMU-MM). False: each instance has all of it.</summary>
    public required bool HasLeaves { get; init; }

    /// <summary>Offset of the non-secure alias of the registers.</summary>
    public required ulong Bias { get; init; }

    /// <summary>Offset of the first context.</summary>
    public required ulong ContextBase { get; init; }

    /// <summary>Bytes from one context to the next.</summary>
    public required ulong ContextStride { get; init; }

    /// <summary>Offset that the micro-TLB registers are moved by.</summary>
    public required ulong MicroTlbBase { get; init; }

    /// <summary>IMTTBCR has the start level (SL0) in bits 7:6, counted down from level 3; false: in bits 5:4, counted down from level 2.</summary>
    public required bool HasTwoBitStartLevel { get; init; }

    /// <summary>IMBUSCR exists, and walks can be cacheable.</summary>
    public required bool HasBusControl { get; init; }

    /// <summary>Its SoCs have 32-bit Arm cores: the kernel reads no upper half of an address, and has the DMA mappings of 32-bit Arm.</summary>
    public required bool IsArm32 { get; init; }

    /// <summary>Bytes of the register window.</summary>
    public required ulong WindowSize { get; init; }

    /// <summary>R-Car Gen2, R-Mobile APE6, RZ/G1.</summary>
    public static IpmmuVmsaHardware Gen2 { get; } = new()
    {
        Name = "gen2",
        Contexts = 1,
        ReservesContext0 = false,
        MicroTlbs = 32,
        HasLeaves = false,
        Bias = 0x800,
        ContextBase = 0,
        ContextStride = 0x40,
        MicroTlbBase = 0,
        HasTwoBitStartLevel = false,
        HasBusControl = true,
        IsArm32 = true,
        WindowSize = 0x1000,
    };

    /// <summary>R-Car Gen3, RZ/G2.</summary>
    public static IpmmuVmsaHardware Gen3 { get; } = Gen2 with
    {
        Name = "gen3",
        Contexts = 8,
        ReservesContext0 = true,
        MicroTlbs = 48,
        HasLeaves = true,
        Bias = 0,
        HasTwoBitStartLevel = true,
        HasBusControl = false,
        IsArm32 = false,
    };

    /// <summary>R-Car V3U and Gen4.</summary>
    public static IpmmuVmsaHardware Gen4 { get; } = Gen3 with
    {
        Name = "gen4",
        Contexts = 16,
        MicroTlbs = 64,
        ContextBase = 0x10000,
        ContextStride = 0x1040,
        MicroTlbBase = 0x3000,
        WindowSize = 0x20000,
    };

    /// <summary>All of them, the default first.</summary>
    public static IReadOnlyList<IpmmuVmsaHardware> All { get; } = [Gen3, Gen2, Gen4];

    /// <summary>IMTTBCR as Linux sets it: long descriptors, start level 1, on Gen2 with cacheable walks (:383-396).</summary>
    public uint TableControl => HasTwoBitStartLevel ? 0x8000_0080 : 0x8000_3510;

    /// <summary>Offset of a context's register.</summary>
    /// <param name="context">0 to <see cref="Contexts"/> - 1.</param>
    /// <param name="register">One of <see cref="IpmmuVmsaRegisters"/>.</param>
    public ulong Context(int context, ulong register) =>
        Bias + ContextBase + ((ulong)context * ContextStride) + (context > 7 ? UpperContextGap : 0) + register;

    /// <summary>Offset of a micro-TLB's register.</summary>
    /// <param name="microTlb">0 to <see cref="MicroTlbs"/> - 1.</param>
    /// <param name="register"><see cref="IpmmuVmsaRegisters.MicroTlbControl"/> or <see cref="IpmmuVmsaRegisters.MicroTlbAsid"/>.</param>
    public ulong MicroTlb(int microTlb, ulong register) =>
        Bias + MicroTlbBase + (microTlb < 32 ? 0x300UL : 0x400UL) + (16 * (ulong)microTlb) + register;
}
