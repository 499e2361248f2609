using Emulator.Hardware.Dma;
using Emulator.Hardware.Drivers;

namespace Emulator.Hardware.Iommus.Rockchip;

/// <summary>The Rockchip IOMMU in the catalogue.</summary>
public static class RockchipRoom
{
    /// <summary>The room.</summary>
    public static IommuRoom Room { get; } = new()
    {
        Name = "rockchip",
        Title = "Rockchip IOMMU, v1 (rk3066 to rk3399) and v2 (rk356x, rk3588)",
        Guess = Guess2022.Undecided,
        Variants = [.. RockchipHardware.All.Select(hardware => hardware.Name)],
        ModelChoices =
        [
            "Paging disabled means not translated: that is what the command's name says, and displays work without the block being touched.",
            "A stall holds DMA even while paging is off (option StallHoldsUntranslated); what was held then passes untranslated when the stall ends.",
            "A page fault stalls the bank only while paging is on; turning paging off lets the held accesses pass untranslated.",
            "After PAGE_FAULT_DONE the held accesses are replayed in order when the bus next turns to the bank, and fault again if nothing was mapped meanwhile.",
            "A bank holds 64 requests (option HeldRequests); further ones are refused. On the bus they would wait.",
            "A bus error is recorded and the access is refused: it does not stall the bank, since no command would release it.",
            "FORCE_RESET resets all registers, drops the TLB and refuses what is held.",
            "STATUS: idle is set while paging is off or a page fault is active, [31] always reads 0; PAGE_FAULT_DONE clears [5].",
            "The TLB keeps single valid pages: neither absent entries nor directory entries, although invalidating only the edges of a mapping hints at lines of several.",
            "The TLB keeps what a walk found even if this DMA is refused for want of permission.",
            "Requests have 32 address bits: higher bits of an IOVA are ignored.",
            "Commands never fail of themselves; IgnoredCommands injects that.",
        ],
        Features =
        [
            new("Two levels of 1024 words, 4 KiB pages", IsModelled: true, "v2: 40-bit output addresses"),
            new("Read and write permission", IsModelled: true, "a missing permission faults like a hole"),
            new("Stall, page fault, replay", IsModelled: true),
            new("Invalidation of one page and of everything", IsModelled: true),
            new("Bus error on a table read", IsModelled: true),
            new("Several register banks of one instance", IsModelled: true, "the room has one bank for each device"),
            new("Forced reset", IsModelled: true, "done at once"),
            new("Cache attributes of a leaf (v1), security bit (v2)", IsModelled: false, "no effect; Linux sets none"),
            new("Bus number of a fault (STATUS[10:6])", IsModelled: false, "reads 0"),
            new("Clock gating, time limit of a directory fetch", IsModelled: false, "AUTO_GATING is stored"),
        ],
        Build = Build,
    };

    private static Platform Build(PlatformOptions options)
    {
        var hardware = RockchipHardware.All.First(hardware => hardware.Name == options.Variant);
        var memory = options.OpenMemory();
        var frames = options.AllocateFrames(memory, hardware.TableBits(options.Kernel));
        var units = Enumerable.Range(0, options.Devices).Select(i => new RockchipIommu($"rk{i}", memory, hardware, new RockchipOptions { Iotlb = options.Iotlb })).ToArray();
        var driver = new RockchipDriver(options.Kernel, hardware, memory, frames, units.Length);
        return new Platform(new Bus(memory, units), frames, driver, index => index >= 0 && index < units.Length
            ? new DmaDevice($"dev{index}", [new StreamBinding(index, new StreamId(0))])
            : throw new ArgumentOutOfRangeException(nameof(index), index, $"this platform has devices 0 to {units.Length - 1}"));
    }
}
