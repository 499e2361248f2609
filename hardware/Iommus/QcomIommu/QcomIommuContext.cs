namespace Emulator.Hardware.Iommus.QcomIommu;

/// <summary>What the driver knows of one context bank.</summary>
/// <remarks>Source: Linux 6.1 drivers/iommu/arm/arm-smmu/qcom_iommu.c, struct qcom_iommu_ctx.</remarks>
internal sealed class QcomIommuContext(int unit, int number)
{
    public int Unit => unit;

    // asid: the bank's number.
    public int Number => number;

    // secure_init: firmware has restored its secure configuration.
    public bool IsSecureRestored { get; set; }

    public QcomIommuDomain? Domain { get; set; }

    public ulong Offset(ulong register) => QcomIommuHardware.Bank(number) + register;
}
