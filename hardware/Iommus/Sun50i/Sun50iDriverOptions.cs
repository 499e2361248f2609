using Emulator.Hardware.Dma;

namespace Emulator.Hardware.Iommus.Sun50i;

/// <summary>What varies around the driver.</summary>
public sealed record Sun50iDriverOptions
{
    /// <summary>Reads of a busy register before the driver gives up: the 2 ms of the kernel's poll, in a model without a clock.</summary>
    public int BusyReads { get; init; } = 5;

    /// <summary>Called with what the driver reports of a fault: address, and the direction that it takes it for. Null: nobody listens.</summary>
    public Action<ulong, DmaAccess>? FaultHandler { get; init; }
}
