using Emulator.Hardware.Devices;
using Emulator.Hardware.DmaApi;

namespace Emulator.Actors.Devices;

/// <summary>What a device's DMA engine does.</summary>
public sealed record Workload
{
    /// <summary>DMAs to send in all, those that are refused included; 0 for none.</summary>
    public long TotalDmas { get; init; } = 1_000_000;

    /// <summary>The order of the addresses.</summary>
    public AccessPattern Pattern { get; init; } = AccessPattern.Random;

    /// <summary>The part of the DMAs that read, 0 to 1; the others write.</summary>
    public double ReadShare { get; init; } = 0.5;

    /// <summary>Bytes of each DMA: a power of two, 1 to 4096, so that none crosses a 4 KiB boundary.</summary>
    public int Length { get; init; } = 64;

    /// <summary>DMAs in a batch, 1 to <see cref="DmaBatch.Capacity"/>.</summary>
    public int BatchSize { get; init; } = DmaBatch.Capacity;

    /// <summary>Batches in flight at most, 1 to 64.</summary>
    public int Credits { get; init; } = 8;

    /// <summary>A program with a kernel's driver in place of the DMAs that the other fields describe, in virtual time only; null: those. Its memory is mapped by the kernel's DMA API.</summary>
    public DeviceProgram? Program { get; init; }

    /// <summary>How the DMA API undoes the mappings of <see cref="Program"/>.</summary>
    public DmaMode DmaMode { get; init; } = DmaMode.Strict;

    /// <summary>Seed of addresses and directions; the device's number in its host is added.</summary>
    public ulong Seed { get; init; } = 1;

    /// <summary>Checks the limits.</summary>
    /// <exception cref="ArgumentException">A value is outside its limits; the message names it.</exception>
    public void Validate()
    {
        if (TotalDmas < 0)
            throw new ArgumentException($"total DMAs {TotalDmas} is below 0");
        if (!(ReadShare is >= 0 and <= 1))
            throw new ArgumentException($"read share {ReadShare} is outside 0 to 1");
        if (Length is < 1 or > 4096 || !int.IsPow2(Length))
            throw new ArgumentException($"DMA length {Length} is no power of two from 1 to 4096");
        if (BatchSize is < 1 or > DmaBatch.Capacity)
            throw new ArgumentException($"batch size {BatchSize} is outside 1 to {DmaBatch.Capacity}");
        Program?.Validate();
        if (Credits is < 1 or > 64)
            throw new ArgumentException($"credits {Credits} are outside 1 to 64");
    }
}
