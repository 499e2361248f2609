namespace Emulator.Hardware.Core.Iommufd;

/// <summary>What a user says to the driver about a domain, in the driver's own form. Source: Linux 6.12 include/linux/iommu.h, struct iommu_user_data.</summary>
/// <param name="Type">The form; <see cref="None"/> or one that the driver knows.</param>
/// <param name="Bytes">The content.</param>
public sealed record UserData(uint Type, ReadOnlyMemory<byte> Bytes)
{
    /// <summary>No data (IOMMU_HWPT_DATA_NONE).</summary>
    public const uint None = 0;
}
