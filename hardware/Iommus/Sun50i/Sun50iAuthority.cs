namespace Emulator.Hardware.Iommus.Sun50i;

/// <summary>The authorities (ACI) that Linux gives to pages. What each allows is in DM_AUT_CTRL.</summary>
/// <remarks>Source: Linux 6.1 drivers/iommu/sun50i-iommu.c, enum sun50i_iommu_aci.</remarks>
public enum Sun50iAuthority
{
    /// <summary>The authority whose field cannot be written: not used.</summary>
    Unused = 0,

    /// <summary>Neither reads nor writes.</summary>
    None = 1,

    /// <summary>Meant for reads only.</summary>
    Read = 2,

    /// <summary>Writes only.</summary>
    Write = 3,

    /// <summary>Reads and writes.</summary>
    ReadWrite = 4,
}
