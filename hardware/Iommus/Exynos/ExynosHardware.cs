namespace Emulator.Hardware.Iommus.Exynos;

/// <summary>A SysMMU version: what its identification says, and the caches that it has.</summary>
/// <remarks>Source: Linux 6.1 drivers/iommu/exynos-iommu.c: what the driver tells versions by (:365, :538-632).</remarks>
public sealed record ExynosHardware
{
    private ExynosHardware()
    {
    }

    /// <summary>The name of the variant.</summary>
    public required string Name { get; init; }

    /// <summary>VERSION.</summary>
    public required uint VersionRegister { get; init; }

    /// <summary>CAPA0; v7 only.</summary>
    public uint Capability0 { get; init; }

    /// <summary>CAPA1; v7 only.</summary>
    public uint Capability1 { get; init; }

    /// <summary>Sets of the TLB that a page is looked up in by its own address even when it is part of a larger one: such a page has an entry in every set that it was
    /// used through (v2). 1: an entry is found from every address of its page.</summary>
    public int TlbSets { get; init; } = 1;

    /// <summary>The version.</summary>
    public ExynosVersion Version => ExynosVersion.OfRegister(VersionRegister);

    /// <summary>Whether VM registers are present.</summary>
    public bool HasVirtualMachines => (Capability0 & ExynosRegisters.HasCapability1) != 0 && (Capability1 & ExynosRegisters.HasVmRegisters) != 0;

    /// <summary>Where its registers are.</summary>
    public ExynosRegisterLayout Layout => ExynosRegisterLayout.Of(Version, HasVirtualMachines);

    /// <summary>Whether table words hold addresses shifted right by 4, and separate read and write permissions.</summary>
    public bool IsShifted => Version.Major >= 5;

    /// <summary>Bits of physical address.</summary>
    public int PhysicalBits => IsShifted ? 36 : 32;

    /// <summary>Whether first-level words are cached (FLPD).</summary>
    public bool HasFlpdCache => Version >= new ExynosVersion(3, 2);

    /// <summary>Exynos 5433: 36-bit physical addresses.</summary>
    public static ExynosHardware V5 { get; } = new() { Name = "v5", VersionRegister = 0x50000000 };

    /// <summary>Exynos 4210. Reports no version.</summary>
    public static ExynosHardware V1 { get; } = new() { Name = "v1", VersionRegister = 0x80000001 };

    /// <summary>A TLB of 64 sets.</summary>
    public static ExynosHardware V2 { get; } = new() { Name = "v2", VersionRegister = 0x20000000, TlbSets = 64 };

    /// <summary>The last one without a cache of first-level words.</summary>
    public static ExynosHardware V31 { get; } = new() { Name = "v3.1", VersionRegister = 0x30200000 };

    /// <summary>With a cache of first-level words, which Linux does not flush when it maps.</summary>
    public static ExynosHardware V32 { get; } = new() { Name = "v3.2", VersionRegister = 0x30400000 };

    /// <summary>Exynos 5420.</summary>
    public static ExynosHardware V33 { get; } = new() { Name = "v3.3", VersionRegister = 0x30600000 };

    /// <summary>v7.1 without virtual machines.</summary>
    public static ExynosHardware V7 { get; } = new() { Name = "v7", VersionRegister = 0x70200000, Capability0 = ExynosRegisters.HasCapability1 };

    /// <summary>Exynos 850: v7.1 with virtual machines, of which Linux uses machine 0.</summary>
    public static ExynosHardware V7Vm { get; } = V7 with { Name = "v7vm", Capability1 = ExynosRegisters.HasVmRegisters };

    /// <summary>All of them, the default first.</summary>
    public static IReadOnlyList<ExynosHardware> All { get; } = [V5, V1, V2, V31, V32, V33, V7, V7Vm];
}
