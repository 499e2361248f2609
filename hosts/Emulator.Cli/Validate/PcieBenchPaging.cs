namespace Emulator.Cli.Validate;

/// <summary>What the IOMMU did in a measurement.</summary>
public enum PcieBenchPaging
{
    /// <summary>It was off.</summary>
    Off,

    /// <summary>It translated pages of 4 KiB.</summary>
    Pages4K,

    /// <summary>It translated pages of 2 MiB.</summary>
    Superpages,
}
