using Emulator.Hardware.Dma;
using Emulator.Hardware.Drivers;

namespace Emulator.Hardware.Iommus.Omap;

/// <summary>The OMAP MMU in the catalogue.</summary>
public static class OmapRoom
{
    private const string Held = "held";

    /// <summary>The room.</summary>
    public static IommuRoom Room { get; } = new()
    {
        Name = "omap",
        Title = "TI OMAP2+ and DRA7 MMU (camera, image processor, DSP)",
        Guess = Guess2022.Undecided,
        Variants = [.. OmapHardware.All.Select(hardware => hardware.Name), Held],
        ModelChoices =
        [
            "The variant held is tlb32 with somebody else's runtime-PM reference on the MMU from the first attach on (power/control set to \"on\").",
            "A DMA has 32 address bits; what lies above is cut off.",
            "An entry of a type that does not exist is a translation fault, as one of type 0.",
            "A stalled request is tried again when IRQSTATUS is written, and only then; the MMU being switched off does not release it.",
            "Requests fault one by one: a stalled one does not keep others from being translated; sixteen may be outstanding (option OutstandingRequests), those beyond fail.",
            "FAULT_AD is that of the last fault, acknowledged or not.",
            "A walk's result replaces the victim entry, valid or not, and the victim moves on to the next one above the locked entries.",
            "GFLUSH leaves entries that are preserved (CAM bit 3) or below LOCK's base; FLUSH_ENTRY flushes every entry of CAM's address, whatever its size.",
            "The TLB keeps its entries while the MMU is off.",
            "The platform's reset line and power hooks are not modelled: registers and TLB survive a suspend, and a master that would be held in reset goes on.",
            "Element size, endianness and the mixed attribute are not applied; Linux writes 0.",
            "The size of the TLB is the hardware's (8 or 32 entries), whatever IOTLB is asked for, but that none keeps no walk.",
        ],
        Features =
        [
            new("Two-level tables: 4 KiB, 64 KiB, 1 MiB, 16 MiB", IsModelled: true),
            new("TLB with numbered entries, read and loaded by software, locked and preserved entries", IsModelled: true, "8 or 32 entries"),
            new("Table walk off: software loads the TLB", IsModelled: true, "Linux never runs this way"),
            new("Fault status and address, stall or bus error (GP_REG)", IsModelled: true),
            new("DRA7 DSP: MDMA and EDMA MMU, enabled by DSP_SYSTEM", IsModelled: true),
            new("Endianness conversion and element size of a page", IsModelled: false, "addresses only"),
            new("Accesses of the emulator (debugger)", IsModelled: false, "their fault bit is never set"),
            new("Idle modes, soft reset (SYSCONFIG), reset line", IsModelled: false, "not there"),
        ],
        Build = Build,
    };

    private static Platform Build(PlatformOptions options)
    {
        var held = options.Variant == Held;
        var hardware = held ? OmapHardware.Tlb32 : OmapHardware.All.First(hardware => hardware.Name == options.Variant);
        var memory = options.OpenMemory();
        var systems = Enumerable.Range(0, hardware.DspSystem ? options.Devices : 0).Select(i => new OmapDspSystem($"dsp_system{i}")).ToArray();
        var silicon = new OmapOptions { CachesWalks = !options.Iotlb.Disabled };
        OmapIommu[] units = [.. Enumerable.Range(0, options.Devices * hardware.Instances).Select(i =>
            new OmapIommu($"mmu{i}", memory, hardware, silicon, systems.ElementAtOrDefault(i / hardware.Instances), i % hardware.Instances))];
        var frames = options.AllocateFrames(memory, 32);
        var driver = new OmapDriver(
            options.Kernel, hardware, memory, frames, units.Length, new OmapDriverOptions { HeldActive = held, InterruptLine = unit => units[unit].InterruptAsserted });
        return new Platform(new Bus(memory, units) { Blocks = [.. systems.Select(system => system.Registers)] }, frames, driver, Device);

        DmaDevice Device(int index)
        {
            ArgumentOutOfRangeException.ThrowIfNegative(index);
            if (index >= options.Devices)
                throw new ArgumentOutOfRangeException(nameof(index), index, $"each master has its MMUs, and there are those of {options.Devices} (PlatformOptions.Devices)");
            return new DmaDevice($"dev{index}", [.. Enumerable.Range(index * hardware.Instances, hardware.Instances).Select(unit => new StreamBinding(unit, new StreamId(0)))]);
        }
    }
}
