namespace Emulator.Hardware.Iommus.Msm;

/// <summary>One kind of instance.</summary>
public sealed record MsmHardware
{
    /// <summary>Most context banks that the driver can manage (IOMMU_MAX_CBS).</summary>
    public const int MaxBanks = 128;

    /// <summary>Most MIDs: a word each, below the banks' attributes.</summary>
    public const int MaxMids = 511;

    /// <summary>The name.</summary>
    public required string Name { get; init; }

    /// <summary>Context banks (qcom,ncb), 1 to <see cref="MaxBanks"/>.</summary>
    public int Banks { get; init; } = 3;

    /// <summary>[model] MIDs that can be routed, from <see cref="Banks"/> to <see cref="MaxMids"/>.</summary>
    public int Mids { get; init; } = 32;

    /// <summary>APQ8064: of each instance three banks.</summary>
    public static MsmHardware Apq8064 { get; } = new() { Name = "apq8064" };

    /// <summary>All kinds.</summary>
    public static IReadOnlyList<MsmHardware> All { get; } = [Apq8064];
}
