namespace Emulator.Hardware.Core.Iommufd;

/// <summary>Kinds of reserved regions. Source: Linux 6.12 include/linux/iommu.h, enum iommu_resv_type.</summary>
public enum ReservedRegionType
{
    /// <summary>Must stay mapped one to one.</summary>
    Direct = 0,

    /// <summary>Mapped one to one at boot, but may be taken away: not reserved in an IOAS.</summary>
    DirectRelaxable = 1,

    /// <summary>Must not be mapped.</summary>
    Reserved = 2,

    /// <summary>A doorbell of the hardware.</summary>
    Msi = 3,

    /// <summary>A window that software maps doorbells into.</summary>
    SoftwareMsi = 4,
}
