using Emulator.Hardware.Drivers;

namespace Emulator.Hardware.PageTables.Vtd;

/// <summary>What a VT-d page table is made for.</summary>
public sealed record VtdPageTableOptions
{
    /// <summary>Whose code writes it.</summary>
    public required KernelVersion Kernel { get; init; }

    /// <summary>First-level (x86 process paging) format; otherwise second level.</summary>
    public bool FirstLevel { get; init; }

    /// <summary>Table levels, 3 to 5 (the kernel's agaw plus 2).</summary>
    public int Levels { get; init; } = 4;

    /// <summary>Guest address width (the kernel's gaw): bits of IOVA that may be mapped, at most those of the levels.</summary>
    public int Width { get; init; } = 48;

    /// <summary>Superpage steps: 0 none, 1 2 MiB, 2 also 1 GiB (the kernel's iommu_superpage).</summary>
    public int Superpages { get; init; } = 2;

    /// <summary>Second level: set the snoop bit in each leaf (the kernel's set_pte_snp).</summary>
    public bool SetSnoop { get; init; }
}
