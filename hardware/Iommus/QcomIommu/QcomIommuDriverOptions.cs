namespace Emulator.Hardware.Iommus.QcomIommu;

/// <summary>What varies around the driver.</summary>
public sealed record QcomIommuDriverOptions
{
    /// <summary>The firmware.</summary>
    public QcomFirmware Firmware { get; init; } = new();

    /// <summary>Reads of TLBSTATUS before the driver gives up: the five seconds of the kernel's poll, in a model without a clock.</summary>
    public int BusyReads { get; init; } = 5;
}
