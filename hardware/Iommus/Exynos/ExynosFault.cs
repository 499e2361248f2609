namespace Emulator.Hardware.Iommus.Exynos;

/// <summary>Why a SysMMU refused a DMA. Each version has its own bit for it in INT_STATUS; see <see cref="ExynosFaults"/>.</summary>
public enum ExynosFault : byte
{
    /// <summary>A table could not be read.</summary>
    TableWalk = 0,

    /// <summary>An entry is a fault entry, or the address is wider than 32 bits.</summary>
    Page,

    /// <summary>More than one entry of the TLB holds the address; v1 to v5.</summary>
    MultiHit,

    /// <summary>The page does not allow the access.</summary>
    Access,
}
