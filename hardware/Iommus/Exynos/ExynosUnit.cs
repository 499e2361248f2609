namespace Emulator.Hardware.Iommus.Exynos;

/// <summary>What the driver knows of one SysMMU.</summary>
/// <remarks>Source: Linux 6.1 drivers/iommu/exynos-iommu.c, struct sysmmu_drvdata.</remarks>
internal sealed class ExynosUnit(int index)
{
    public int Index => index;

    public ExynosVersion Version { get; set; }

    // Null before the probe.
    public ExynosRegisterLayout? Layout { get; set; }

    // The master behind which it stands; null until that device appears.
    public ExynosMaster? Master { get; set; }

    public ExynosDomain? Domain { get; set; }

    // Runtime power management has it awake.
    public bool IsAwake { get; set; }

    // It was enabled and not disabled since: what an invalidation asks.
    public bool IsActive { get; set; }
}
