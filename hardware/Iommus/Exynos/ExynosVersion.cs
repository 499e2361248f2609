namespace Emulator.Hardware.Iommus.Exynos;

/// <summary>The version of a SysMMU as the driver compares it: major in bits [10:7], minor in [6:0].</summary>
/// <remarks>Source: Linux 6.1 drivers/iommu/exynos-iommu.c, MAKE_MMU_VER, MMU_RAW_VER.</remarks>
public readonly record struct ExynosVersion(int Raw) : IComparable<ExynosVersion>
{
    // Some chips do not report a version; they read like this and are v1.0.
    private const uint Unreported = 0x80000001;

    /// <summary>Makes a version.</summary>
    public ExynosVersion(int major, int minor)
        : this(((major & 0xf) << 7) | (minor & 0x7f))
    {
    }

    /// <summary>Major number.</summary>
    public int Major => Raw >> 7;

    /// <summary>Minor number.</summary>
    public int Minor => Raw & 0x7f;

    /// <summary>The version in a value of the VERSION register, bits [31:21].</summary>
    public static ExynosVersion OfRegister(uint value) => value == Unreported ? new ExynosVersion(1, 0) : new ExynosVersion((int)(value >> 21));

    /// <inheritdoc/>
    public int CompareTo(ExynosVersion other) => Raw.CompareTo(other.Raw);

    /// <summary>Earlier.</summary>
    public static bool operator <(ExynosVersion left, ExynosVersion right) => left.Raw < right.Raw;

    /// <summary>Later.</summary>
    public static bool operator >(ExynosVersion left, ExynosVersion right) => left.Raw > right.Raw;

    /// <summary>Not later.</summary>
    public static bool operator <=(ExynosVersion left, ExynosVersion right) => left.Raw <= right.Raw;

    /// <summary>Not earlier.</summary>
    public static bool operator >=(ExynosVersion left, ExynosVersion right) => left.Raw >= right.Raw;
}
