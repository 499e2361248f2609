namespace Emulator.Hardware.Iommus.Exynos;

/// <summary>What the driver knows of a device: its SysMMUs, all of which get the same table.</summary>
/// <remarks>Source: Linux 6.1 drivers/iommu/exynos-iommu.c, struct exynos_iommu_owner.</remarks>
internal sealed class ExynosMaster(string device, IReadOnlyList<ExynosUnit> units)
{
    public string Device => device;

    public IReadOnlyList<ExynosUnit> Units => units;

    // Null: attached to nothing, which in 6.12 is the identity domain.
    public ExynosDomain? Domain { get; set; }

    // Its sleep and wake-up reach the SysMMUs (the device link).
    public bool IsLinked { get; set; }
}
