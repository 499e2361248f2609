namespace Emulator.Hardware.Iommus.AppleDart;

/// <summary>What varies around the DART driver.</summary>
public sealed record AppleDartDriverOptions
{
    /// <summary>Bytes of a CPU page. A DART with larger pages is only usable for identity domains.</summary>
    public ulong CpuPageSize { get; init; } = 1 << 14;

    /// <summary>Reads of a busy bit before the driver gives up: the 100 µs of the kernel's poll, in a model without a clock.</summary>
    public int BusyReads { get; init; } = 5;
}
