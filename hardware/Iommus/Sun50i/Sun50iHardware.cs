namespace Emulator.Hardware.Iommus.Sun50i;

/// <summary>A chip's IOMMU.</summary>
/// <param name="Name">The name of the variant.</param>
/// <param name="Masters">Masters, each with a micro TLB. Linux programs the first six.</param>
/// <param name="InLinux61">Whether the driver of Linux 6.1 knows it.</param>
public sealed record Sun50iHardware(string Name, int Masters, bool InLinux61)
{
    /// <summary>H6.</summary>
    public static Sun50iHardware H6 { get; } = new("h6", 6, InLinux61: true);

    /// <summary>H616: a seventh master.</summary>
    public static Sun50iHardware H616 { get; } = new("h616", 7, InLinux61: false);

    /// <summary>All of them, the default first.</summary>
    public static IReadOnlyList<Sun50iHardware> All { get; } = [H6, H616];
}
