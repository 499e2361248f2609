namespace Emulator.Hardware.Iommus.QcomIommu;

/// <summary>One IOMMU as its device-tree node describes it: context banks, which of them are secure, what firmware must do.</summary>
/// <remarks>Source: Linux 6.12 Documentation/devicetree/bindings/iommu/qcom,iommu.yaml and drivers/iommu/arm/arm-smmu/qcom_iommu.c.</remarks>
public sealed record QcomIommuHardware
{
    /// <summary>Banks at most: an ASID, which is the bank's number, has eight bits.</summary>
    public const int MaxBanks = 255;

    /// <summary>Bytes of a bank's register page.</summary>
    public const ulong BankSize = 0x1000;

    /// <summary>The variant's name.</summary>
    public required string Name { get; init; }

    /// <summary>Version 2: Linux cannot program the secure banks. Version 1: it does, once firmware has restored them.</summary>
    public required bool IsVersion2 { get; init; }

    /// <summary>Context banks, 1 to <see cref="MaxBanks"/>, numbered from 1; bank n is at n * <see cref="BankSize"/>.</summary>
    public int Banks { get; init; } = 3;

    /// <summary>Numbers of the secure banks.</summary>
    public IReadOnlyList<int> SecureBanks { get; init; } = [];

    /// <summary>Offset of the local registers, with the choice between secure and non-secure interrupts; null for an IOMMU that gives Linux none.</summary>
    public ulong? LocalBase { get; init; }

    /// <summary>What firmware calls this IOMMU (qcom,iommu-secure-id).</summary>
    public int SecureId { get; init; } = 17;

    /// <summary>It is in a power domain: Linux 6.12 has firmware restore it at each resume.</summary>
    public bool HasPowerDomain { get; init; }

    /// <summary>MSM8916 (qcom,msm-iommu-v1).</summary>
    public static QcomIommuHardware Msm8916 { get; } = new() { Name = "msm8916", IsVersion2 = false };

    /// <summary>MSM8976 (qcom,msm-iommu-v2).</summary>
    public static QcomIommuHardware Msm8976 { get; } = new() { Name = "msm8976", IsVersion2 = true };

    /// <summary>All of them, the default first.</summary>
    public static IReadOnlyList<QcomIommuHardware> All { get; } = [Msm8916, Msm8976];

    /// <summary>Bytes of the register window.</summary>
    public ulong WindowSize => Math.Max(Bank(Banks + 1), (LocalBase ?? 0) + QcomIommuRegisters.InterruptSelect + 4);

    /// <summary>Offset of a bank's registers.</summary>
    public static ulong Bank(int number) => (ulong)number * BankSize;

    /// <summary>Whether Linux can program a bank.</summary>
    public bool IsProgrammable(int number) => !IsVersion2 || !SecureBanks.Contains(number);
}
