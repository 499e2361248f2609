namespace Emulator.Hardware.Iommus.Exynos;

/// <summary>Where the registers are whose offsets differ between the generations.</summary>
/// <remarks>Source: Linux 6.1 drivers/iommu/exynos-iommu.c, struct sysmmu_variant.</remarks>
public sealed record ExynosRegisterLayout
{
    private ExynosRegisterLayout()
    {
    }

    /// <summary>PT_BASE: the first-level table's address, from v5 on shifted right by 12.</summary>
    public required ulong TableBase { get; init; }

    /// <summary>FLUSH_ALL.</summary>
    public required ulong FlushAll { get; init; }

    /// <summary>FLUSH_ENTRY.</summary>
    public required ulong FlushEntry { get; init; }

    /// <summary>FLUSH_RANGE; 0 where there is none. START and END follow 8 and 12 bytes above it.</summary>
    public ulong FlushRange { get; init; }

    /// <summary>START of FLUSH_RANGE.</summary>
    public ulong FlushStart => FlushRange + 8;

    /// <summary>END of FLUSH_RANGE.</summary>
    public ulong FlushEnd => FlushRange + 12;

    /// <summary>INT_STATUS.</summary>
    public required ulong InterruptStatus { get; init; }

    /// <summary>INT_CLEAR.</summary>
    public required ulong InterruptClear { get; init; }

    /// <summary>Of a read's fault, or any fault's: the address. v7: 0x70, with VM registers 0x1000.</summary>
    public ulong FaultAddress { get; init; }

    /// <summary>v7: what is known of the fault besides its address; 0 elsewhere.</summary>
    public ulong FaultInformation { get; init; }

    /// <summary>Whether these are the registers of a virtual machine, with a CTRL_VM.</summary>
    public bool HasVirtualMachines { get; init; }

    /// <summary>v1 to v3.</summary>
    public static ExynosRegisterLayout V1 { get; } = new() { FlushAll = 0x0c, FlushEntry = 0x10, TableBase = 0x14, InterruptStatus = 0x18, InterruptClear = 0x1c };

    /// <summary>v5.</summary>
    public static ExynosRegisterLayout V5 { get; } = new()
    {
        TableBase = 0x0c,
        FlushAll = 0x10,
        FlushEntry = 0x14,
        FlushRange = 0x18,
        InterruptStatus = 0x60,
        InterruptClear = 0x64,
        FaultAddress = ExynosRegisters.ReadFaultAddress,
    };

    /// <summary>v7 without virtual machines.</summary>
    public static ExynosRegisterLayout V7 { get; } = V5 with { FaultInformation = 0x78 };

    /// <summary>v7 with virtual machines: those of machine 0.</summary>
    public static ExynosRegisterLayout V7Vm { get; } = V5 with
    {
        TableBase = 0x800c,
        FlushAll = 0x8010,
        FlushEntry = 0x8014,
        FlushRange = 0x8018,
        FaultAddress = 0x1000,
        FaultInformation = 0x1004,
        HasVirtualMachines = true,
    };

    /// <summary>The layout of a version.</summary>
    /// <param name="version">The version.</param>
    /// <param name="virtualMachines">Whether CAPA1 says that there are VM registers; before v7 there are none.</param>
    public static ExynosRegisterLayout Of(ExynosVersion version, bool virtualMachines) => version.Major switch
    {
        < 5 => V1,
        < 7 => V5,
        _ => virtualMachines ? V7Vm : V7,
    };
}
