using Emulator.Hardware.Dma;
using Emulator.Hardware.Drivers;

namespace Emulator.Hardware.Iommus.Sun50i;

/// <summary>Allwinner's IOMMU in the catalogue.</summary>
public static class Sun50iRoom
{
    // Masters that the driver handles.
    private const int Masters = 6;

    /// <summary>The room.</summary>
    public static IommuRoom Room { get; } = new()
    {
        Name = "sun50i",
        Title = "Allwinner H6 and H616 IOMMU",
        Guess = Guess2022.Undecided,
        HasOneAddressSpace = true,
        Variants = [.. Sun50iHardware.All.Select(hardware => hardware.Name)],
        Supports = (variant, kernel) => kernel != KernelVersion.Linux61 || Sun50iHardware.All.First(hardware => hardware.Name == variant).InLinux61,
        ModelChoices =
        [
            "While the block is in reset or its clock is off DMA passes untranslated and register writes are lost: the driver of 6.12 calls this state identity.",
            "The reset line clears all registers and caches.",
            "The DMA of a master that faulted waits until its micro TLB is reset (option WaitsAfterFault); the request that faulted is refused at once.",
            "Requests that wait are answered by what the registers say when they are let go: untranslated when translation is off by then.",
            "The TLBs and the page-walk cache keep invalid words too (option CachesInvalidWords).",
            "All TLBs are enabled after reset; Linux never writes TLB_ENABLE. BYPASS is 0 after reset (option ResetBypass).",
            "Authority 0 denies nothing, and its field cannot be written.",
            "ERR_ADDR and ERR_DATA keep the first fault until INT_CLR clears its bit; L1PG_INT and L2PG_INT collect masters until then.",
            "A table that is not RAM reads as an invalid word; an IOVA beyond 32 bits meets an invalid first-level word.",
            "AUTO_GATING, TLB_PREFETCH and DM_AUT_OVWT have no effect. RESET holds micro TLBs only.",
            "Before its first attach a domain can be mapped, and nothing is invalidated; the kernel follows a null pointer there.",
            "An attach that drops the last reference of a domain which was freed stops the kernel: its directory is a null pointer by then.",
            "6.12: what the core does in place of the detach is to attach the identity domain.",
        ],
        Features =
        [
            new("Two-level table, 4 KiB pages, one for all masters", IsModelled: true),
            new("Authorities of pages and DM_AUT_CTRL", IsModelled: true, "the override register is not"),
            new("Micro TLBs, macro TLB, page-walk cache, with flush and invalidation by address", IsModelled: true),
            new("Bypass by master, reset of micro TLBs", IsModelled: true),
            new("Fault registers and interrupt", IsModelled: true),
            new("Reset line and bus clock", IsModelled: true, "the clock unit's word"),
            new("Prefetch", IsModelled: false, "not there"),
            new("Debug lookup (VA, VA_DATA, VA_CONFIG)", IsModelled: false, "not there"),
            new("Write buffer, ordering and 4 KiB boundary controls", IsModelled: false, "the bits are kept, nothing more"),
        ],
        Build = Build,
    };

    private static Platform Build(PlatformOptions options)
    {
        var hardware = Sun50iHardware.All.First(hardware => hardware.Name == options.Variant);
        var memory = options.OpenMemory();
        var silicon = new Sun50iIommu("iommu", memory, hardware, new Sun50iOptions { Iotlb = options.Iotlb });
        var frames = options.AllocateFrames(memory, addressBits: 32);
        return new Platform(new Bus(memory, silicon), frames, new Sun50iDriver(options.Kernel, memory, frames), index => index is >= 0 and < Masters
            ? new DmaDevice($"dev{index}", new StreamId((uint)index)) { CanStall = true }
            : throw new ArgumentOutOfRangeException(nameof(index), index, $"the driver handles masters 0 to {Masters - 1}"));
    }
}
