namespace Emulator.Hardware.Core.Iommufd;

/// <summary>How to map. Source: Linux 6.12 include/uapi/linux/iommufd.h, enum iommufd_ioas_map_flags, same bits.</summary>
[Flags]
public enum IoasMapFlags
{
    /// <summary>At an address that is found, for nobody: always refused.</summary>
    None = 0,

    /// <summary>At the address given.</summary>
    FixedIova = 1,

    /// <summary>Devices may write.</summary>
    Writeable = 2,

    /// <summary>Devices may read.</summary>
    Readable = 4,
}
