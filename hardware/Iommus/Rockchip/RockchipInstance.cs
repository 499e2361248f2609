using Emulator.Hardware.Drivers;

namespace Emulator.Hardware.Iommus.Rockchip;

/// <summary>What the driver knows of one instance: its banks, what it is attached to, and who keeps it awake.</summary>
/// <remarks>Source: Linux 6.1 drivers/iommu/rockchip-iommu.c, struct rk_iommu; the usage count is that of runtime power management.</remarks>
internal sealed class RockchipInstance(RockchipBanks banks)
{
    public RockchipBanks Banks => banks;

    // Null: none (6.1), the identity domain (6.12).
    public RockchipDomain? Domain { get; set; }

    public HashSet<string> Users { get; } = new(StringComparer.Ordinal);

    // pm_runtime_get_if_in_use would take it.
    public bool IsInUse { get; set; }

    // Off its domain; the hardware follows if it is awake (6.1 rk_iommu_detach_device :962, 6.12 rk_iommu_identity_attach :981).
    public IEnumerable<DriverStep> Leave()
    {
        if (Domain == null)
            yield break;
        Domain.Instances.Remove(this);
        Domain = null;
        if (!IsInUse)
            yield break;
        foreach (var step in banks.Disable())
            yield return step;
    }
}
