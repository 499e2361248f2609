using Emulator.Hardware.Dma;
using Emulator.Hardware.Drivers;

namespace Emulator.Hardware.Iommus.Sprd;

/// <summary>Unisoc's IOMMU in the catalogue.</summary>
public static class SprdRoom
{
    // Table words hold 20 bits of page number.
    private const int OutputBits = 32;

    /// <summary>The room.</summary>
    public static IommuRoom Room { get; } = new()
    {
        Name = "sprd",
        Title = "Unisoc (Spreadtrum) IOMMU, EX and VAU",
        Guess = Guess2022.Undecided,
        Variants = [.. SprdHardware.All.Select(hardware => hardware.Name)],
        ModelChoices =
        [
            "While CFG.EN is clear DMA passes untranslated, and the TLB is neither consulted nor dropped (option PassesWhileDisabled; false refuses DMA).",
            "CFG.VAOR_BYPASS is clear after reset (option ResetConfiguration); then an address outside the aperture goes to the protect page.",
            "CFG.GATE_EN has no effect of its own.",
            "A word of 0 is not kept in the TLB; neither is what an address outside the aperture got.",
            "A table that is not RAM reads as words of 0.",
            "6.12 compares domains by identity: a new domain at a freed one's address is not taken for it.",
            "6.12: what the core does in place of the detach is to attach the group's default domain, an empty DMA domain.",
        ],
        Features =
        [
            new("Flat table of 64 Ki words, 4 KiB pages", IsModelled: true, "no permissions, no valid bit"),
            new("Protect page for what is not mapped", IsModelled: true, "one for each direction in VAU"),
            new("Bypass of addresses out of range", IsModelled: true, "Linux never sets it"),
            new("Invalidation of the whole TLB", IsModelled: true),
            new("Interrupt masks, first out-of-range address", IsModelled: false, "known to the vendor's driver only"),
        ],
        Build = Build,
    };

    private static Platform Build(PlatformOptions options)
    {
        var hardware = SprdHardware.All.First(hardware => hardware.Name == options.Variant);
        var memory = options.OpenMemory();
        var frames = options.AllocateFrames(memory, OutputBits);
        var units = Enumerable.Range(0, options.Devices).Select(i => new SprdIommu($"sprd{i}", memory, hardware, new SprdOptions { Iotlb = options.Iotlb })).ToArray();
        var driver = new SprdDriver(options.Kernel, hardware, memory, frames, units.Length);
        return new Platform(new Bus(memory, units), frames, driver, index => index >= 0 && index < units.Length
            ? new DmaDevice($"dev{index}", [new StreamBinding(index, new StreamId(0))])
            : throw new ArgumentOutOfRangeException(nameof(index), index, $"this platform has devices 0 to {units.Length - 1}"));
    }
}
