using Emulator.Hardware.Dma;
using Emulator.Hardware.Drivers;

namespace Emulator.Hardware.Iommus.AppleDart;

/// <summary>Apple's DART in the catalogue.</summary>
public static class AppleDartRoom
{
    /// <summary>The room.</summary>
    public static IommuRoom Room { get; } = new()
    {
        Name = "apple-dart",
        Title = "Apple Device Address Resolution Table (M1, M1 Pro, M2)",
        Guess = Guess2022.Blocking,
        Variants = [.. AppleDartHardware.All.Select(hardware => hardware.Name)],
        PageSize = new AppleDartDriverOptions().CpuPageSize,
        Supports = (variant, kernel) => kernel != KernelVersion.Linux61 || Hardware(variant).InLinux61,
        ModelChoices =
        [
            "TCR is checked before the TLB is looked up, so a stale entry does not help a blocked stream.",
            "A DMA that TCR 0 refuses is recorded in ERROR as \"no TTBR\" (option RecordsBlockedStream; false drops it in silence).",
            "While ERROR holds a record, further faults leave none; they are counted.",
            "Translate and bypass together, and bypass on a DART without it, refuse the DMA.",
            "A stream whose enable bit is clear is refused; T8020 has enable bits for the first 32 streams only.",
            "The TLB keeps what a walk found even if this DMA is refused for want of permission; absent entries are not kept.",
            "A table that is not RAM reads as an entry that is not valid.",
            "T8020: an address beyond the four TTBRs has no TTBR; T8110: one beyond the two levels has no PGD.",
            "T8020 ERROR has room for four bits of SID, so streams 16 and up of the usb4 variant are reported modulo 16.",
            "Stream remap (T8020 0x80, T8110 TCR[7]) makes a stream use another one's TCR, TTBRs and TLB entries; errors name the stream itself.",
            "T8110 ERROR_MASK keeps a code from raising the interrupt, not from being recorded; after reset all codes are masked.",
            "The busy bits clear at once; the DAPF and the subpage limits of leaves are not modelled.",
        ],
        Features =
        [
            new("Stream control (TCR): translate, bypass", IsModelled: true, "both layouts, T8020 and T8110"),
            new("Four table base registers per stream, one on T8110", IsModelled: true),
            new("TLB tagged by stream, invalidated by stream", IsModelled: true, "busy clears at once"),
            new("Stream enables, lock bit, error record", IsModelled: true, "one record at a time, as in the hardware"),
            new("Stream remap", IsModelled: true, "TCR, TTBRs and TLB entries of the other stream"),
            new("Subpage limits of a leaf", IsModelled: false, "whole pages"),
            new("DAPF (address filter)", IsModelled: false, "not there"),
            new("Performance counters", IsModelled: false, "not there"),
        ],
        Build = Build,
    };

    private static AppleDartHardware Hardware(string? variant) => AppleDartHardware.All.First(hardware => hardware.Name == variant);

    private static Platform Build(PlatformOptions options)
    {
        var hardware = Hardware(options.Variant);
        var memory = options.OpenMemory();
        var silicon = new AppleDartIommu("dart", memory, hardware, new AppleDartOptions { Iotlb = options.Iotlb });

        var frames = options.AllocateFrames(memory, hardware.Format.OutputBits);
        var driver = new AppleDartDriver(options.Kernel, hardware, memory, frames);
        return new Platform(new Bus(memory, silicon), frames, driver, index => new DmaDevice($"dev{index}", new StreamId((uint)index)));
    }
}
