using Emulator.Hardware.Dma;
using Emulator.Hardware.Drivers;

namespace Emulator.Hardware.Iommus.Exynos;

/// <summary>Samsung's SysMMU in the catalogue.</summary>
public static class ExynosRoom
{
    /// <summary>The room.</summary>
    public static IommuRoom Room { get; } = new()
    {
        Name = "exynos",
        Title = "Samsung System MMU (Exynos SysMMU v1 to v7)",
        Guess = Guess2022.Identity,
        Variants = [.. ExynosHardware.All.Select(hardware => hardware.Name)],
        ModelChoices =
        [
            "CTRL 0 passes addresses through, after reset as well: the driver of 6.12 calls this state identity, no source describes the hardware.",
            "v7 with VM registers passes addresses through with CTRL 0 although CTRL_VM stays enabled (option VmTranslatesWhileDisabled), and while CTRL_VM is not enabled.",
            "A request that arrives while CTRL says block, or while a fault is pending, waits; it is answered by what CTRL says next, so a write of 0 lets it through untranslated.",
            "The request that faulted is refused at once (option RetriesFaulted: it waits too and is tried again).",
            "Writing CTRL 0 ends the wait of a fault without INT_CLEAR; the bit in INT_STATUS stays.",
            "Blocking takes effect at once: STATUS says blocked at the first read.",
            "The FLPD cache keeps links only, sections go to the TLB. FLUSH_ENTRY drops the link of the address up to v3 and not from v5 on (option EntryFlushDropsFlpd).",
            "Nothing is fetched ahead, so the faults that the prefetch of v3 causes near the ends of buffers do not appear.",
            "The TLB keeps what a walk found even if this DMA is refused for want of permission; fault entries are not kept.",
            "v2: a large page has a TLB entry in each of the 64 sets that it was used through, and a flush looks in one set.",
            "Two TLB entries of different size for one address are a multi-hit fault up to v5; v7 has no bit for it and answers from either.",
            "An IOVA beyond 32 bits is a page fault; its low 32 bits are latched.",
            "The latched fault address is the IOVA of the request, not its page.",
            "v7: a fault sets the bits of machine 0 and latches the address at 0x70 as well, where the driver of 6.1 looks for it.",
            "A table that is not RAM is a bus error (v1 to v3) or table-walk fault.",
            "The domains of this room have a fault handler that accepts every fault; without one (driver option FaultHandler) the kernel stops at the first fault.",
        ],
        Features =
        [
            new("Enable, block and disable (CTRL), with the requests that wait", IsModelled: true),
            new("Two-level tables: 4 KiB, 64 KiB, 1 MiB; 32-bit and shifted 36-bit words", IsModelled: true),
            new("TLB with flush of all, of an entry, of a range", IsModelled: true, "the range from v5 on, which Linux never uses"),
            new("Cache of first-level words (FLPD)", IsModelled: true, "v3.2 and later"),
            new("Fault bits with their address registers; requests held until the fault is cleared", IsModelled: true),
            new("Several SysMMUs for one master", IsModelled: true),
            new("v7 VM registers", IsModelled: true, "machine 0 of the eight"),
            new("Security faults (TrustZone)", IsModelled: false, "every DMA is non-secure"),
            new("Prefetch buffers and prefetch of tables", IsModelled: false, "not there"),
            new("QoS, clock gating", IsModelled: false, "the bits are kept, nothing more"),
        ],
        Build = Build,
    };

    private static Platform Build(PlatformOptions options)
    {
        var hardware = ExynosHardware.All.First(hardware => hardware.Name == options.Variant);
        var memory = options.OpenMemory();
        var silicon = new ExynosOptions { Iotlb = options.Iotlb };
        var units = Enumerable.Range(0, options.Devices).Select(index => new ExynosIommu($"sysmmu{index}", memory, hardware, silicon)).ToArray();
        var frames = options.AllocateFrames(memory, hardware.PhysicalBits);
        var driver = new ExynosDriver(options.Kernel, memory, frames, units.Length, new ExynosDriverOptions { FaultHandler = (_, _) => Errno.None });
        return new Platform(new Bus(memory, units), frames, driver, index => index < units.Length
            ? new DmaDevice($"dev{index}", [new StreamBinding(index, new StreamId((uint)index))]) { CanStall = true }
            : throw new ArgumentOutOfRangeException(nameof(index), $"device {index}: this platform has {units.Length} SysMMUs, one for each device"));
    }
}
